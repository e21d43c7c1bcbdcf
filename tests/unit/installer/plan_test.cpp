#include "installer/write/plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::installer {
namespace {

using diskmap::kPiece;
using testing::ElementsAre;

/// A letter for each piece: d data (100 bytes as a frame), z zeros (10 bytes).
diskmap::DiskMap map_of(std::string_view letters, std::uint64_t size) {
    diskmap::DiskMap map{.size = size};
    std::uint64_t at = 0;
    for (const char letter : letters) {
        const std::uint64_t length = letter == 'd' ? 100 : 10;
        map.pieces.push_back({.at = at, .length = length, .zero = letter == 'z'});
        at += length;
    }
    return map;
}

TEST(Spans, TakeDataTogetherAndLeaveZerosAtTheEnds) {
    const auto map = map_of("ddzzdzz", 7 * kPiece);
    EXPECT_THAT(plan_spans(map, 1000), ElementsAre(Span{0, 5}));
    EXPECT_THAT(plan_spans(map, 200), ElementsAre(Span{0, 2}, Span{4, 5}));
    EXPECT_THAT(plan_spans(map, 1), ElementsAre(Span{0, 1}, Span{1, 2}, Span{4, 5})) << "a piece is never cut";
}

TEST(Spans, CoverEveryPieceWithDataOnce) {
    const auto map = map_of("dzdzzddzdddzzzzd", 16 * kPiece);
    for (const std::uint64_t most : {1U, 100U, 150U, 250U, 5000U}) {
        std::vector<int> seen(map.pieces.size());
        for (const auto& span : plan_spans(map, most)) {
            for (auto piece = span.first; piece < span.end; ++piece) { ++seen[piece]; }
        }
        for (std::size_t piece = 0; piece < map.pieces.size(); ++piece) {
            EXPECT_LE(seen[piece], 1);
            if (!map.pieces[piece].zero) { EXPECT_EQ(seen[piece], 1) << piece << " with " << most; }
        }
    }
}

TEST(Zeros, AreMergedAndKeepOffTheHeldStart) {
    EXPECT_THAT(plan_zeros(map_of("dzzdz", 4 * kPiece + 512), 1U << 20U),
                ElementsAre(Range{kPiece, 2 * kPiece}, Range{4 * kPiece, 512}));
    EXPECT_THAT(plan_zeros(map_of("zd", 2 * kPiece), 1U << 20U), ElementsAre(Range{1U << 20U, kPiece - (1U << 20U)}));
    EXPECT_TRUE(plan_zeros(map_of("d", kPiece), 0).empty());
}

} // namespace
} // namespace ingot::installer
