#include "firstboot/backup/schedule.hpp"

#include <gtest/gtest.h>

#include "firstboot/backup/report.hpp"

namespace ingot::firstboot::backup {
namespace {

using namespace std::chrono_literals;
using cloud_init::slot_from;
using std::chrono::sys_days;
using std::chrono::year;

/// A Saturday.
constexpr clock::WallTime kDay = sys_days{year{2026} / 11 / 28};

clock::WallTime at(clock::WallTime day, std::chrono::minutes time) { return day + time; }

TEST(Slots, NameTheLastAndTheNextTimeInUtc) {
    struct Row {
        const char* slot;
        clock::WallTime now;
        clock::WallTime last;
        clock::WallTime next;
    };
    const clock::WallTime leap = sys_days{year{2028} / 2 / 29};
    const clock::WallTime autumn = sys_days{year{2026} / 10 / 25}; // summer time ends in Europe: nothing happens here
    for (const auto& [slot, now, last, next] : {
             Row{"daily 02:00", at(kDay, 2h), at(kDay, 2h), at(kDay, 26h)},
             Row{"daily 02:00", at(kDay, 2h) - 1ms, at(kDay, -22h), at(kDay, 2h)},
             Row{"Sun 02:00", at(kDay, 12h), at(kDay, 2h) - std::chrono::days(6), at(kDay, 26h)},
             Row{"Sat 00:00", kDay, kDay, kDay + std::chrono::days(7)},
             Row{"daily 02:00", at(leap, 1h), at(leap, -22h), at(leap, 2h)},
             Row{"daily 02:30", at(autumn, 2h), at(autumn, 30min) - 22h, at(autumn, 150min)},
             Row{"every 6h", at(kDay, 17h), at(kDay, 12h), at(kDay, 18h)},
             Row{"every 1m", at(kDay, 1min) + 30s, at(kDay, 1min), at(kDay, 2min)},
             Row{"daily 02:00", clock::WallTime{} + 1h, clock::WallTime{} - 22h, clock::WallTime{} + 2h},
             Row{"weekly", clock::WallTime{}, clock::WallTime{} + 3 * 24h + 2h - 7 * 24h,
                 clock::WallTime{} + 3 * 24h + 2h},
         }) {
        const auto read = slot_from(slot).value();
        EXPECT_EQ(last_time(read, 0s, now), last) << slot;
        EXPECT_EQ(next_time(read, 0s, now), next) << slot;
    }
}

TEST(Slots, AreLaterByTheJitterOfTheCluster) {
    const auto daily = slot_from("daily 02:00").value();
    EXPECT_EQ(last_time(daily, 600s, at(kDay, 2h)), at(kDay, -22h) + 600s);
    EXPECT_EQ(last_time(daily, 600s, at(kDay, 2h) + 600s), at(kDay, 2h) + 600s);
    std::set<std::chrono::seconds> drawn;
    for (int i = 0; i < 50; ++i) {
        const auto jitter = jitter_of(std::to_string(i), daily);
        EXPECT_GE(jitter, 0s);
        EXPECT_LT(jitter, 30min);
        drawn.insert(jitter);
    }
    EXPECT_GT(drawn.size(), 40U);
    EXPECT_EQ(jitter_of("a", daily), jitter_of("a", daily));
    EXPECT_LT(jitter_of("a", slot_from("every 1m").value()), 6s);
}

TEST(Schedule, SaysWhatIsDue) {
    const cloud_init::BackupSchedule usual = cloud_init::default_schedule(); // full Sun 02:00, diff daily 02:00
    cloud_init::BackupSchedule every = usual;
    every.incr = slot_from("every 6h");
    const auto jitter = jitter_of("id", *usual.diff);
    const auto sunday = at(kDay, 26h) + jitter;
    struct Row {
        const char* name;
        LastBackups last;
        clock::WallTime now;
        std::optional<Kind> want;
        bool with_incr = false;
    };
    for (const auto& row : {
             Row{"nothing at all", {}, kDay, Kind::full},
             Row{"differential ones, but the full one is gone", {.diff = kDay}, kDay, Kind::full},
             Row{"a full one this week", {.full = at(kDay, 1h)}, at(kDay, 1h) + 1s, {}},
             Row{"before the time of day", {.full = at(kDay, -20h)}, at(kDay, 2h) + jitter - 1s, {}},
             Row{"at the time of day", {.full = at(kDay, -20h)}, at(kDay, 2h) + jitter, Kind::diff},
             Row{"made at that time", {.full = at(kDay, -20h), .diff = at(kDay, 2h) + jitter}, at(kDay, 20h), {}},
             Row{"made a second before it",
                 {.full = at(kDay, -20h), .diff = at(kDay, 2h) + jitter - 1s},
                 at(kDay, 20h),
                 Kind::diff},
             Row{"full and differential at once",
                 {.full = at(kDay, -20h), .diff = at(kDay, -2h)},
                 sunday,
                 Kind::full},
             Row{"a full one counts as differential", {.full = sunday}, sunday + 1h, {}},
             Row{"three weeks without power",
                 {.full = at(kDay, -500h), .diff = at(kDay, -490h)},
                 at(kDay, 12h),
                 Kind::full},
             Row{"caught up once, not three times",
                 {.full = at(kDay, 12h), .diff = at(kDay, -490h)},
                 at(kDay, 13h),
                 {}},
             Row{"the clock was set back", {.full = at(kDay, 100h)}, kDay, {}},
             Row{"incremental", {.full = at(kDay, 1h), .diff = at(kDay, 3h)}, at(kDay, 13h), Kind::incr, true},
             Row{"incremental made",
                 {.full = at(kDay, 1h), .diff = at(kDay, 3h), .incr = at(kDay, 13h)},
                 at(kDay, 14h),
                 {},
                 true},
             Row{"differential before incremental",
                 {.full = at(kDay, -1h), .incr = at(kDay, -1h)},
                 at(kDay, 13h),
                 Kind::diff,
                 true},
         }) {
        EXPECT_EQ(due(row.with_incr ? every : usual, "id", row.last, row.now), row.want) << row.name;
    }
}

TEST(Schedule, MakesOnlyTheFirstFullOneWhenAllIsOff) {
    cloud_init::BackupSchedule off;
    EXPECT_EQ(due(off, "id", {}, kDay), Kind::full);
    EXPECT_EQ(due(off, "id", {.full = kDay}, kDay + std::chrono::days(400)), std::nullopt);
}

TEST(RestoreTests, AreDueOnceATimeHasPassedSinceThereWasSomethingToRestore) {
    const auto weekly = slot_from("weekly");
    EXPECT_FALSE(restore_test_due(weekly, "id", std::nullopt, kDay));
    EXPECT_FALSE(restore_test_due(weekly, "id", kDay, kDay + 1h));
    EXPECT_TRUE(restore_test_due(weekly, "id", kDay, kDay + std::chrono::days(8)));
    EXPECT_FALSE(restore_test_due(std::nullopt, "id", kDay, kDay + std::chrono::days(8)));
}

constexpr const char* kReplica =
    R"({"conn_url":"postgres://10.0.0.22:5432/postgres","state":"running","role":"replica","replication_state":"streaming","timeline":3})";
constexpr const char* kLeader =
    R"({"conn_url":"postgres://10.0.0.21:5432/postgres","state":"running","role":"primary","timeline":3})";

TEST(Candidates, AreReadFromPatronisKeys) {
    const auto candidates = candidates_from(
        {{"config", "{}"},
         {"leader", "db-1"},
         {"members/db-1", kLeader},
         {"members/db-2", kReplica},
         {"members/db-3",
          R"({"conn_url":"postgres://[fd00::23]:5432/postgres","state":"streaming","role":"replica"})"},
         {"members/db-4",
          R"({"state":"running","role":"replica","replication_state":"streaming","tags":{"nofailover":true}})"},
         {"members/db-5", R"({"state":"creating replica","role":"uninitialized"})"},
         {"members/db-6", "broken"}});
    ASSERT_EQ(candidates.size(), 5U);
    EXPECT_TRUE(candidates[0].leads);
    EXPECT_EQ(candidates[0].address, "10.0.0.21");
    EXPECT_TRUE(candidates[1].streams);
    EXPECT_FALSE(candidates[1].leads);
    EXPECT_EQ(candidates[2].address, "fd00::23");
    EXPECT_TRUE(candidates[2].streams);
    EXPECT_TRUE(candidates[3].delayed);
    EXPECT_FALSE(candidates[4].streams);
}

TEST(WhoMakesABackup, IsAReplicaOrTheLeaderAlone) {
    const Candidate leader{.name = "db-1", .leads = true};
    const Candidate replica{.name = "db-2", .streams = true};
    const Candidate broken{.name = "db-3"};
    const Candidate delayed{.name = "db-4", .streams = true, .delayed = true};
    struct Row {
        const char* name;
        std::vector<Candidate> all;
        const char* self;
        int failures;
        bool want;
    };
    for (const auto& row : {
             Row{"a replica", {leader, replica}, "db-2", 0, true},
             Row{"the leader, with a replica", {leader, replica}, "db-1", 0, false},
             Row{"the leader, alone", {leader}, "db-1", 0, true},
             Row{"the leader, with replicas that do not follow", {leader, broken, delayed}, "db-1", 0, true},
             Row{"a replica that does not follow", {leader, broken}, "db-3", 0, false},
             Row{"a delayed replica", {leader, delayed}, "db-4", 0, false},
             Row{"the leader, after replicas have failed", {leader, replica}, "db-1", 3, true},
             Row{"a replica, after replicas have failed", {leader, replica}, "db-2", 3, false},
             Row{"nobody that is known", {leader, replica}, "db-9", 0, false},
         }) {
        EXPECT_EQ(may_run(row.all, row.self, row.failures), row.want) << row.name;
    }
}

} // namespace
} // namespace ingot::firstboot::backup
