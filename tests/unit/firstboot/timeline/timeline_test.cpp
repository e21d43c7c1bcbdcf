#include "firstboot/timeline/timeline.hpp"

#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "tests/support/golden.hpp"

namespace ingot::firstboot::timeline {
namespace {

TEST(Timeline, HasThePhasesOfABootWithAndWithoutInitrd) {
    const auto with = phases_of("UserspaceTimestampMonotonic=2000000\nInitRDTimestampMonotonic=800000\n"
                                "FinishTimestampMonotonic=5000000\n");
    ASSERT_EQ(with.size(), 3U);
    EXPECT_EQ(with[0], (Bar{.name = "kernel", .begin_ms = 0, .end_ms = 800, .kind = Bar::Kind::phase}));
    EXPECT_EQ(with[1].name, "initrd");
    const auto container = phases_of("UserspaceTimestampMonotonic=7000\nFinishTimestampMonotonic=0\n");
    ASSERT_EQ(container.size(), 1U);
    EXPECT_TRUE(phases_of("").empty());
}

TEST(Timeline, LeavesOutUnitsThatNeverRan) {
    const auto units =
        units_of("Id=a.service\nInactiveExitTimestampMonotonic=1000000\nActiveEnterTimestampMonotonic=1500000\n\n"
                 "Id=b.service\nInactiveExitTimestampMonotonic=0\nActiveEnterTimestampMonotonic=0\n");
    ASSERT_EQ(units.size(), 1U);
    EXPECT_EQ(units[0], (Bar{.name = "a.service", .begin_ms = 1000, .end_ms = 1500, .kind = Bar::Kind::unit}));
}

TEST(Timeline, OfAContainerBeginsWithTheContainer) {
    const auto bars = from_own_begin({{.name = "kernel", .begin_ms = 0, .end_ms = 9000},
                                      {.name = "userspace", .begin_ms = 9000, .end_ms = 9500},
                                      {.name = "step", .begin_ms = 9100, .end_ms = 9200}});
    ASSERT_EQ(bars.size(), 2U);
    EXPECT_EQ(bars[0].begin_ms, 0);
    EXPECT_EQ(bars[1].begin_ms, 100);
    EXPECT_EQ(bars[1].end_ms, 200);
}

TEST(Timeline, KeepsTheStepsOfTheAgent) {
    const auto folder = files::TempDir::create().value();
    Recorder recorder(folder.path() / "timeline.json");
    recorder.begin("a");
    recorder.begin("b"); // still under way
    recorder.end("a");
    recorder.end("unknown");
    const auto bars = read_steps(folder.path() / "timeline.json");
    ASSERT_TRUE(bars.has_value());
    ASSERT_EQ(bars->size(), 1U);
    EXPECT_EQ(bars->front().name, "a");
    EXPECT_LE(bars->front().begin_ms, bars->front().end_ms);
}

TEST(Timeline, IsTextAndPicture) {
    const std::vector<Bar> bars{{.name = "kernel", .begin_ms = 0, .end_ms = 1200, .kind = Bar::Kind::phase},
                                {.name = "ssh.service", .begin_ms = 1500, .end_ms = 1510, .kind = Bar::Kind::unit},
                                {.name = "db.start <1>", .begin_ms = 2000, .end_ms = 4000}};
    tests::expect_golden("timeline/text", to_text(bars));
    tests::expect_golden("timeline/picture.svg", to_svg(bars, "db-1"));
}

} // namespace
} // namespace ingot::firstboot::timeline
