// The times in an ext4 filesystem, made a function of the tree.
//
// mkfs.ext4 -d copies atime and ctime from the tree it reads. Those are when the build ran, and nobody can set a
// ctime. So every inode is dated afterwards, in the file: mtime is clamped, the other three are the date itself.
#pragma once

#include <cstdint>
#include <filesystem>

#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

/// Dates all inodes of the filesystem that begins at `offset` of `file`, and renews their checksums.
/// tool_failed if that is not an ext4 as mkfs.ext4 makes it with our options.
Status settle_ext4_times(const std::filesystem::path& file, std::uint64_t offset, std::int64_t date);

} // namespace ingot::builder::artefacts
