// The lab's branch of the cgroup2 tree: <lab>/supervisor, and <lab>/<machine> for each machine.
//
// The branch keeps its folders when processes die, so cleaning is a task of its own; it also tells whether
// processes of an earlier run of the lab are still there.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Makes the lab's branch below `root` (a cgroup2 mount) and moves the calling process into it.
Status enter_lab_cgroup(const std::filesystem::path& root, std::string_view lab);

/// A folder for one machine. With a memory controller at hand its memory is limited, if `memory_mib` is given.
Result<std::filesystem::path> make_machine_cgroup(const std::filesystem::path& root, std::string_view lab,
                                                  std::string_view machine, std::optional<int> memory_mib);

/// Removes a branch with everything below, waiting for its last processes to be gone. transient if they stay.
Status remove_cgroup(const std::filesystem::path& folder);

/// Stops every process of a machine where it is, or lets them all go on: a machine that hangs. Its network stays.
Status freeze_cgroup(const std::filesystem::path& folder, bool frozen);

/// From the host's namespaces: removes what an earlier run of the lab left of its branch. Processes that are
/// still dying are waited for.
Status clean_lab_cgroup(std::string_view lab);

} // namespace ingot::builder::lab
