// The rule by which two writers are told from a change of the leader. No lab.
#include <gtest/gtest.h>

#include "tests/cluster/writer_watch.hpp"

namespace ingot::tests {
namespace {

ProbeWrite at(int moment, const char* machine, std::uint32_t timeline) {
    return {.acknowledged = std::chrono::steady_clock::time_point(std::chrono::milliseconds(moment)),
            .machine = machine,
            .timeline = timeline};
}

TEST(SecondWriters, AreNoneWhileLeadersFollowEachOther) {
    EXPECT_TRUE(second_writers({}).empty());
    EXPECT_TRUE(second_writers({at(0, "a", 1), at(1, "a", 1), at(2, "b", 2), at(3, "a", 3)}).empty());
}

TEST(SecondWriters, AreThoseWhoGoOnBehindANewerTimeline) {
    const auto found = second_writers({at(0, "a", 1), at(10, "b", 2), at(11, "a", 1), at(12, "b", 2)});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().machine, "a");
}

TEST(SecondWriters, AreTwoMachinesOnOneTimeline) {
    EXPECT_EQ(second_writers({at(0, "a", 1), at(1, "b", 1), at(2, "a", 1)}).size(), 1U);
}

TEST(SecondWriters, AreFoundWhateverTheOrderInWhichTheyWereNoted) {
    EXPECT_EQ(second_writers({at(12, "b", 2), at(11, "a", 1), at(10, "b", 2), at(0, "a", 1)}).size(), 1U);
}

} // namespace
} // namespace ingot::tests
