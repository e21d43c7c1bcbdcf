// The compressed forms of a disk image: raw.zst and qcow2. Both are made of pieces that are compressed by
// themselves, and are the same bytes on every machine with the same libzstd.
#pragma once

#include <filesystem>

#include "common/diskmap/diskmap.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

/// Frames of 4 MiB of content each: readers may decompress them in parallel, or fetch them one by one and check
/// each before it is written. `zstd -d` and everything else takes it as any other .zst. Returns where each frame is;
/// its `boot` is the caller's to fill in.
Result<diskmap::DiskMap> write_raw_zst(const std::filesystem::path& raw, const std::filesystem::path& file);

/// qcow2 version 3 with zstd-compressed clusters (QEMU 5.1 and later). Written here because qemu-img's compression
/// is slow, and its layout depends on how its coroutines happen to run.
Status write_qcow2(const std::filesystem::path& raw, const std::filesystem::path& file);

} // namespace ingot::builder::artefacts
