// The words the machine was started with: the kernel's command line, or in a container PID 1's.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/files.hpp"

namespace ingot::firstboot {

/// A container has no command line of its own kernel: its manager hands the words to PID 1 instead.
std::vector<std::string> read_command_line(const files::Root& root);

/// NUL between the words of a process, blanks between those of the kernel's line; double quotes are taken off.
std::vector<std::string> split_command_line(std::string_view line);

/// The value of the last `key=value` word; an empty text for a bare `key`; nothing if absent.
std::optional<std::string> option(const std::vector<std::string>& words, std::string_view key);

} // namespace ingot::firstboot
