#include "installer/write/plan.hpp"

#include <algorithm>

namespace ingot::installer {

std::vector<Span> plan_spans(const diskmap::DiskMap& map, std::uint64_t most) {
    std::vector<Span> spans;
    for (std::size_t piece = 0; piece < map.pieces.size(); ++piece) {
        const auto& here = map.pieces[piece];
        if (here.zero) { continue; }
        if (!spans.empty() && here.at + here.length - map.pieces[spans.back().first].at <= most) {
            spans.back().end = piece + 1;
        } else {
            spans.push_back({.first = piece, .end = piece + 1});
        }
    }
    return spans;
}

std::vector<Range> plan_zeros(const diskmap::DiskMap& map, std::uint64_t held) {
    std::vector<Range> ranges;
    for (std::size_t piece = 0; piece < map.pieces.size(); ++piece) {
        if (!map.pieces[piece].zero) { continue; }
        const auto end = diskmap::offset_of(piece) + diskmap::length_of(map, piece);
        const auto start = std::max(diskmap::offset_of(piece), held);
        if (start >= end) { continue; }
        if (!ranges.empty() && ranges.back().offset + ranges.back().length == start) {
            ranges.back().length += end - start;
        } else {
            ranges.push_back({.offset = start, .length = end - start});
        }
    }
    return ranges;
}

} // namespace ingot::installer
