// The command line that boots a machine in a container.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "builder/lab/model/plan.hpp"

namespace ingot::builder::lab {

struct BootPlan {
    Member member{};
    std::filesystem::path root{};  ///< the machine's file system, mounted
    std::filesystem::path netns{}; ///< its network namespace
    /// Folders of the host that the machine sees: host path, path inside.
    std::vector<std::pair<std::filesystem::path, std::string>> binds{};
    /// The memory it shall believe to have. In a container a program sees the host's.
    std::optional<int> memory_mib{};
    /// More for the command line of PID 1, for this boot only.
    std::vector<std::string> options{};
    std::vector<std::string> words{}; ///< more of its command line
};

/// systemd-nspawn's arguments. What stands behind -b is the command line of the machine's PID 1, which is
/// to a container what the kernel command line is to a machine: the datasource and the memory stand there.
std::vector<std::string> boot_command(const BootPlan& plan);

} // namespace ingot::builder::lab
