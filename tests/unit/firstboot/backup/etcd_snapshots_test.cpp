#include "firstboot/backup/etcd_snapshots.hpp"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::firstboot::backup {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const clock::WallTime kHalfPast = clock::WallTime(500'000h + 30min);
constexpr const char* kCluster = "6f1c2d3e";

SnapshotReport report_of(std::vector<SnapshotRecord> records) { return {.repositories = std::move(records)}; }
std::vector<int> due(const SnapshotReport& report, clock::WallTime now) {
    return repositories_due(report, 2, 1h, kCluster, now);
}

TEST(EtcdSnapshots, AreDueOnceInEachPeriodInEachRepository) {
    EXPECT_THAT(due({}, kHalfPast), ElementsAre(1, 2)) << "none was ever put";
    EXPECT_THAT(due(report_of({{.number = 1, .at = kHalfPast}}), kHalfPast), ElementsAre(2));
    const auto both = report_of({{.number = 1, .at = kHalfPast}, {.number = 2, .at = kHalfPast}});
    std::set<int> counts;
    int periods = 0;
    for (int minute = 0; minute < 180; ++minute) {
        const auto later = kHalfPast + minute * 1min;
        const bool is_next = period_of(later, 1h, kCluster) != period_of(kHalfPast, 1h, kCluster);
        EXPECT_EQ(due(both, later).empty(), !is_next) << minute;
        if (minute > 0 && period_of(later, 1h, kCluster) != period_of(later - 1min, 1h, kCluster)) { ++periods; }
    }
    EXPECT_EQ(periods, 3);
    EXPECT_THAT(due(report_of({{.number = 1, .at = kHalfPast + 30h}, {.number = 2, .at = kHalfPast}}), kHalfPast),
                ElementsAre(1))
        << "of a clock that was ahead";
}

TEST(EtcdSnapshots, WaitAWhileAfterAnAttemptThatFailed) {
    const auto failed = [](int count) {
        return report_of({{.number = 1, .failure = SnapshotFailure{.at = kHalfPast, .count = count}},
                          {.number = 2, .at = kHalfPast}});
    };
    EXPECT_THAT(due(failed(1), kHalfPast + 59s), IsEmpty());
    EXPECT_THAT(due(failed(1), kHalfPast + 60s), ElementsAre(1));
    EXPECT_THAT(due(failed(50), kHalfPast + 9min), IsEmpty());
    EXPECT_THAT(due(failed(50), kHalfPast + 10min), ElementsAre(1));
    EXPECT_THAT(due(failed(3), kHalfPast - 1min), ElementsAre(1)) << "of a clock that was ahead";
}

TEST(EtcdSnapshots, HaveThirtyOnePlaces) {
    std::set<std::string> places;
    for (int hour = 0; hour < 24 * 10; ++hour) {
        const auto now = kHalfPast + hour * 1h;
        places.insert(hourly_place(period_of(now, 1h, kCluster)));
        places.insert(daily_place(now));
    }
    EXPECT_EQ(places.size(), 31U);
    for (const auto& place : places) { EXPECT_TRUE(is_snapshot_place(place)) << place; }
    for (const auto* const name :
         {"hour-24", "hour-1", "hour-001", "day-7", "day-10", "day-", "hour-", "archive", "", "../hour-01"}) {
        EXPECT_FALSE(is_snapshot_place(name)) << name;
    }
    EXPECT_EQ(snapshot_path("hour-07"), "etcd/hour-07.db");
    EXPECT_EQ(day_of(kHalfPast), "2027-01-15");
}

TEST(EtcdSnapshots, ThatLieInARepositoryAreListedTheNewestFirst) {
    const auto found = stored_snapshots_from_json(
        R"({".":{"type":"path"},"hour-01.db":{"type":"file","size":32,"time":100},
            "day-3.db":{"type":"file","size":48,"time":200},"hour-02.db.pgbackrest.tmp":{"type":"file","size":1,"time":300},
            "other.db":{"type":"file","size":1,"time":300},"hour-00.db":{"type":"file","size":32,"time":200}})");
    ASSERT_TRUE(found.has_value());
    EXPECT_THAT(*found, ElementsAre(StoredSnapshot{.place = "hour-00", .at = clock::WallTime(200s), .bytes = 32},
                                    StoredSnapshot{.place = "day-3", .at = clock::WallTime(200s), .bytes = 48},
                                    StoredSnapshot{.place = "hour-01", .at = clock::WallTime(100s), .bytes = 32}));
    EXPECT_TRUE(stored_snapshots_from_json("{}")->empty());
    EXPECT_FALSE(stored_snapshots_from_json("ERROR").has_value());
}

TEST(EtcdSnapshots, AreReportedAsTheyWere) {
    const auto report = report_of(
        {{.number = 1, .at = clock::WallTime(100s), .place = "hour-07", .bytes = 5, .day = "1970-01-01"},
         {.number = 2,
          .failure = SnapshotFailure{.node = "db-1", .at = clock::WallTime(7s), .count = 3, .message = "m"}}});
    const auto read = snapshot_report_from_json(json::to_line(to_json(report)));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->repositories, report.repositories);
    EXPECT_EQ(snapshot_summary(report), "1: 1970-01-01T00:01:40Z, 2: none yet");
    EXPECT_EQ(snapshot_summary({}), "none yet");
    EXPECT_FALSE(snapshot_report_from_json("no").has_value());
}

TEST(EtcdSnapshots, ThatFailOrAreOldAreSaid) {
    const auto record = SnapshotRecord{.number = 1, .at = kHalfPast};
    EXPECT_THAT(snapshot_alarms(report_of({record}), 1h, kHalfPast + 3h), IsEmpty());
    EXPECT_THAT(snapshot_alarms(report_of({record}), 1h, kHalfPast + 4h),
                ElementsAre(HasSubstr("repository 1 is 4 hours old")));
    const auto failed =
        SnapshotRecord{.number = 2, .failure = SnapshotFailure{.node = "db-1", .count = 2, .message = "why"}};
    EXPECT_THAT(snapshot_alarms(report_of({failed}), 1h, kHalfPast),
                ElementsAre(HasSubstr("into repository 2 failed 2 times, last on db-1: why")));
}

} // namespace
} // namespace ingot::firstboot::backup
