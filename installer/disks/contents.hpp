// Looks at a disk without changing it.
#pragma once

#include "installer/disks/decide.hpp"

namespace ingot::installer {

/// What blkid (libblkid) knows, and whether first and last MiB are zeros. Never fails: what goes wrong is in
/// `unreadable`.
Contents look_at(const std::string& path, std::uint64_t size);

} // namespace ingot::installer
