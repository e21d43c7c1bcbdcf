#include "installer/marker/marker.hpp"

#include <gtest/gtest.h>

namespace ingot::installer {
namespace {

const Marker kMark{.machine = "uuid:1",
                   .map_sha256 = std::string(64, 'a'),
                   .again = "x",
                   .installed_at = "2026-11-28T00:00:00Z",
                   .boot = {.root_at = 1, .root_size = 2, .kernel = "k", .initrd = "i", .command_line = "rw \"q\""}};

std::string start_with(const std::string& block) {
    std::string start(1U << 20U, '\0');
    start.replace(kMarkerAt, block.size(), block);
    return start;
}

TEST(Marker, IsFoundWhereItWasWritten) {
    const auto block = render_marker(kMark);
    ASSERT_TRUE(block);
    EXPECT_EQ(block->size(), kMarkerSize);
    EXPECT_EQ(find_marker(start_with(*block)), kMark);
}

TEST(Marker, IsNoneWhenDamaged) {
    auto block = *render_marker(kMark);
    for (const std::size_t at : {0UL, 20UL, 100UL}) {
        auto damaged = block;
        damaged[at] ^= 1;
        EXPECT_EQ(find_marker(start_with(damaged)), std::nullopt) << at;
    }
    EXPECT_EQ(find_marker(std::string(1U << 20U, '\0')), std::nullopt);
    EXPECT_EQ(find_marker("short"), std::nullopt);
}

TEST(Marker, ThatDoesNotFitIsNotWritten) {
    auto long_one = kMark;
    long_one.boot.command_line = std::string(kMarkerSize, 'x');
    EXPECT_EQ(render_marker(long_one), std::nullopt);
}

} // namespace
} // namespace ingot::installer
