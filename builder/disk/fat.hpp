// A FAT32 filesystem with a few files, for the EFI system partition.
//
// Written here because mkfs.vfat and mtools leak the time and the folder of the build into the bytes; it
// is small because names are 8.3 and nothing is ever deleted. After Microsoft's "FAT32 File System
// Specification" 1.03.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::builder::disk {

struct FatFile {
    std::string path; ///< "EFI/BOOT/BOOTX64.EFI": upper case 8.3 components
    std::string content;
};

/// One piece of an image: bytes at an offset. What no extent covers is zero.
struct Extent {
    std::uint64_t offset = 0;
    std::string bytes;
};

struct FatOptions {
    std::uint64_t size = 0; ///< of the partition, bytes; at least 34 MiB (FAT32 needs 65525 clusters)
    std::uint32_t volume_id = 0;
    std::string label = "ESP";  ///< at most 11 characters, upper case
    std::int64_t timestamp = 0; ///< seconds since the epoch, UTC, for every entry (1980 at the earliest)
};

/// Renders the filesystem as its non-zero extents. invalid_input for a name that is not 8.3, for a
/// size that is too small, or if the files do not fit.
Result<std::vector<Extent>> render_fat32(const FatOptions& options, const std::vector<FatFile>& files);

} // namespace ingot::builder::disk
