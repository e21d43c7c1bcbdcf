// What is fetched together, and what has to be zeros. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "common/diskmap/diskmap.hpp"

namespace ingot::installer {

/// Pieces that lie behind one another in the compressed image and come by one request.
struct Span {
    std::size_t first = 0;
    std::size_t end = 0; ///< one behind the last
    bool operator==(const Span&) const = default;
};

struct Range {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool operator==(const Range&) const = default;
};

/// All pieces with data. A span begins and ends with one, and has at most `most` compressed bytes if it has several
/// pieces. Zeros between two of them come along: their frames are tiny.
std::vector<Span> plan_spans(const diskmap::DiskMap& map, std::uint64_t most);

/// Where the disk has to read as zeros, apart from its first `held` bytes; merged.
std::vector<Range> plan_zeros(const diskmap::DiskMap& map, std::uint64_t held);

} // namespace ingot::installer
