#include "builder/packages/version.hpp"

#include <gtest/gtest.h>

namespace ingot::builder::packages {
namespace {

struct Pair {
    const char* lower;
    const char* higher;
};

class Versions : public testing::TestWithParam<Pair> {};

TEST_P(Versions, SortAsDpkgSortsThem) {
    EXPECT_TRUE(compare_versions(GetParam().lower, GetParam().higher) < 0);
    EXPECT_TRUE(compare_versions(GetParam().higher, GetParam().lower) > 0);
}

INSTANTIATE_TEST_SUITE_P(Debian, Versions,
                         testing::Values(Pair{"1.9", "1.10"}, Pair{"9.0", "1:0.1"}, Pair{"1.0~rc1", "1.0"},
                                         Pair{"1.0~rc1", "1.0~rc2"}, Pair{"1.0~~", "1.0~"}, Pair{"1.0", "1.0a"},
                                         Pair{"1.0a", "1.0+b"}, Pair{"1.0-1", "1.0-1+b1"},
                                         Pair{"2.41-12", "2.41-12+deb13u1"}, Pair{"257.9-1~deb13u1", "257.9-1"},
                                         Pair{"17.6-0+deb13u1", "17.10-0+deb13u1"}, Pair{"1.2-1", "1.2.1-1"},
                                         Pair{"1-2-3", "1-3-1"}));

TEST(Versions, ThatDifferOnlyInZerosAreEqual) {
    EXPECT_TRUE(compare_versions("1.02", "1.2") == 0);
    EXPECT_TRUE(compare_versions("1.0", "1.0-0") == 0);
    EXPECT_TRUE(compare_versions("0:1.0", "1.0") == 0);
}

} // namespace
} // namespace ingot::builder::packages
