// Two builds of one image: the same bytes, or the first thing that differs and why.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::reproduce {

/// Why `one` and `other`, files of the same format whose bytes differ, are not the same: "etc/motd: content differs
/// from byte 12 on". Looks inside by the ending of the name: .squashfs, .tar.zst, .raw, .raw.zst.
Result<std::string> explain(process::Processes& processes, const std::filesystem::path& one,
                            const std::filesystem::path& other);

/// The first path, in order, that is not the same in both trees, and why; nothing if all is.
Result<std::optional<std::string>> first_difference_of_trees(const std::filesystem::path& one,
                                                             const std::filesystem::path& other);

/// The first byte at which two files differ (or at which the shorter one ends); nothing if they are the same.
Result<std::optional<std::uint64_t>> first_different_byte(const std::filesystem::path& one,
                                                          const std::filesystem::path& other);

/// A stretch of a disk image.
struct Region {
    std::string name;
    std::uint64_t start = 0; ///< in bytes
    std::uint64_t end = 0;   ///< behind the last byte
};

/// What a GPT says: the partitions, and the tables themselves. Empty if the bytes are no GPT. `head` is the beginning
/// of the disk, at least up to the end of the partition entries. Pure.
std::vector<Region> regions_of(std::string_view head);

} // namespace ingot::builder::reproduce
