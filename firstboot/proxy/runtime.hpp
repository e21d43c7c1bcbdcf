// HAProxy's Runtime API: one line in, one answer out, by a unix socket.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::firstboot::proxy {

/// Sends one line and returns the whole answer. transient if nobody answers within a few seconds.
Result<std::string> ask_haproxy(const std::filesystem::path& socket, std::string_view line);

} // namespace ingot::firstboot::proxy
