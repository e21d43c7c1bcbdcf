#include "builder/rootfs/user_namespace.hpp"

#include <gtest/gtest.h>

namespace ingot::builder::rootfs {
namespace {

TEST(SubordinateIds, AreFoundByNameOrByNumber) {
    EXPECT_EQ(subordinate_ids("ann:100000:65536\nbob:165536:65536\n", "bob", 1001), (IdRange{165536, 65536}));
    EXPECT_EQ(subordinate_ids("1001:200000:65536\n", "bob", 1001), (IdRange{200000, 65536}));
    EXPECT_EQ(subordinate_ids("bobby:100000:65536\n", "bob", 1001), std::nullopt);
    EXPECT_EQ(subordinate_ids("", "bob", 1001), std::nullopt);
}

TEST(SubordinateIds, TheLongestRangeCounts) {
    EXPECT_EQ(subordinate_ids("bob:1:10\nbob:100000:65536\nbob:2:20\n", "bob", 1), (IdRange{100000, 65536}));
}

TEST(SubordinateIds, LinesThatMakeNoSenseAreSkipped) {
    EXPECT_EQ(subordinate_ids("bob\nbob:x:65536\nbob:100000:-1\nbob:4294967290:65536\nbob:0:65536\n", "bob", 1),
              std::nullopt)
        << "0 would be the machine's root";
}

} // namespace
} // namespace ingot::builder::rootfs
