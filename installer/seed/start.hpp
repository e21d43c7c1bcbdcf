// Starts what is installed on a disk, from a system that something else has started: by kexec, with the disk's own
// kernel.
#pragma once

#include <filesystem>

#include "common/diskmap/diskmap.hpp"
#include "common/result/result.hpp"

namespace ingot::installer {

/// Comes back only with an error.
Status start_installed(const std::filesystem::path& disk, const diskmap::Boot& boot);

} // namespace ingot::installer
