#include "common/clock/clock.hpp"

#include <gtest/gtest.h>

namespace ingot::clock {
namespace {

using namespace std::chrono_literals;

TEST(Clocks, OfTestsMoveOnlyWhenTold) {
    FakeClock clock(WallTime(1000ms));
    const auto start = clock.monotonic();
    EXPECT_EQ(clock.now(), WallTime(1000ms));
    clock.sleep(5s);
    clock.advance(1ms);
    EXPECT_EQ(clock.now(), WallTime(6001ms));
    EXPECT_EQ(clock.monotonic() - start, 5001ms);
}

TEST(Clocks, OfTheMachineAreNear) {
    const SystemClock clock;
    EXPECT_LT(std::chrono::abs(clock.now() - std::chrono::time_point_cast<std::chrono::milliseconds>(
                                                 std::chrono::system_clock::now())),
              1s);
    const auto first = clock.monotonic();
    EXPECT_LE(first, clock.monotonic());
}

TEST(Times, AreWrittenInUtc) {
    EXPECT_EQ(to_rfc3339(WallTime(0ms)), "1970-01-01T00:00:00Z");
    const WallTime time = std::chrono::sys_days{std::chrono::year{2028} / 2 / 29} + 23h + 59min + 59s + 999ms;
    EXPECT_EQ(to_rfc3339(time), "2028-02-29T23:59:59Z");
    EXPECT_EQ(to_rfc3339(WallTime(-1ms)), "1969-12-31T23:59:59Z");
}

} // namespace
} // namespace ingot::clock
