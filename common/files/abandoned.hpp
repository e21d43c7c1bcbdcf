// Temporary files of writes that never came to their end, because the process was killed or the power went.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::files {

/// True for the name of a temporary file of AtomicFile: ".", the name of the file it was to become, ".", six letters
/// or digits. With `names`, only if it was to become one of these.
bool is_temporary_name(std::string_view name, const std::vector<std::string>& names = {});

/// Removes temporary files from one folder (not from those in it): regular files of this user with such a name and
/// no other name, older than `before`, that no process is writing (AtomicFile holds a lock on its file). Returns
/// what was removed. No such folder is success.
Result<std::vector<std::filesystem::path>> remove_abandoned(const std::filesystem::path& folder,
                                                            std::chrono::sys_time<std::chrono::milliseconds> before,
                                                            const std::vector<std::string>& names = {});

} // namespace ingot::files
