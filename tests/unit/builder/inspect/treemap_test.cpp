#include "builder/inspect/treemap.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ingot::builder::inspect {
namespace {

constexpr Rect kArea = {10, 20, 600, 400};

TEST(Treemap, AreasAreInProportionAndFillThePlace) {
    const std::vector<double> weights = {6, 6, 4, 3, 2, 2, 1}; // the example of the paper
    const auto tiles = treemap(weights, kArea);
    for (std::size_t i = 0; i < weights.size(); ++i) {
        EXPECT_NEAR(tiles[i].width * tiles[i].height, weights[i] / 24 * 600 * 400, 0.01);
        EXPECT_GE(tiles[i].x, kArea.x - 1e-6);
        EXPECT_LE(tiles[i].x + tiles[i].width, kArea.x + kArea.width + 1e-6);
        EXPECT_LE(tiles[i].y + tiles[i].height, kArea.y + kArea.height + 1e-6);
        // 6x4 with these weights: no side of the paper's result is more than 25/9 of the other.
        EXPECT_LE(std::max(tiles[i].width / tiles[i].height, tiles[i].height / tiles[i].width), 25.0 / 9 + 1e-6);
    }
}

TEST(Treemap, TilesDoNotOverlap) {
    std::vector<double> weights;
    for (int i = 60; i > 0; --i) { weights.push_back(i * i); }
    const auto tiles = treemap(weights, kArea);
    for (std::size_t i = 0; i < tiles.size(); ++i) {
        for (std::size_t j = i + 1; j < tiles.size(); ++j) {
            const auto& a = tiles[i];
            const auto& b = tiles[j];
            const auto wide = std::min(a.x + a.width, b.x + b.width) - std::max(a.x, b.x);
            const auto high = std::min(a.y + a.height, b.y + b.height) - std::max(a.y, b.y);
            EXPECT_FALSE(wide > 1e-6 && high > 1e-6) << i << " and " << j;
        }
    }
}

TEST(Treemap, NothingTakesNoPlace) {
    EXPECT_TRUE(treemap({}, kArea).empty());
    EXPECT_EQ(treemap({0, 0}, kArea)[1].width, 0);
    const auto one = treemap({0, 5}, kArea);
    EXPECT_EQ(one[0].width, 0);
    EXPECT_DOUBLE_EQ(one[1].width, 600);
    EXPECT_DOUBLE_EQ(one[1].height, 400);
}

} // namespace
} // namespace ingot::builder::inspect
