#include "firstboot/backup/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::firstboot::backup {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr clock::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 28} + 12h;

RepositoryView with_full(clock::WallTime start) {
    return {
        .number = 1,
        .status = 0,
        .message = "ok",
        .system_ids = {"1"},
        .backups = {{.label = "F", .kind = Kind::full, .start = start, .stop = start + 1min, .database_bytes = 7}},
        .newest_wal = "000000010000000000000005"};
}

Failure failure_at(clock::WallTime time, int count = 2) {
    return {.kind = Kind::diff, .node = "db-2", .at = time, .count = count, .message = "no space"};
}

TEST(Reports, SurviveEtcd) {
    auto report = make_report({with_full(kNow - 1h)}, {"/repo"}, std::nullopt, "db-2", kNow);
    report.repositories[0].failure = failure_at(kNow);
    const auto again = report_from_json(json::to_line(to_json(report))).value();
    EXPECT_EQ(again.at, kNow);
    EXPECT_EQ(again.by, "db-2");
    ASSERT_EQ(again.repositories.size(), 1U);
    EXPECT_EQ(again.repositories[0].full->label, "F");
    EXPECT_EQ(again.repositories[0].full->start, kNow - 1h);
    EXPECT_EQ(again.repositories[0].full->database_bytes, 7U);
    EXPECT_EQ(again.repositories[0].diff.has_value(), false);
    EXPECT_EQ(again.repositories[0].failure, failure_at(kNow));
    EXPECT_EQ(again.newest()->label, "F");
}

TEST(Reports, KeepAFailureUntilABackupAfterIt) {
    Report before{.at = kNow - 1h, .repositories = {{.number = 1, .failure = failure_at(kNow - 30min)}}};
    const auto still = make_report({with_full(kNow - 1h)}, {""}, before, "db-1", kNow);
    EXPECT_TRUE(still.repositories[0].failure.has_value());
    const auto healed = make_report({with_full(kNow - 10min)}, {""}, before, "db-1", kNow);
    EXPECT_FALSE(healed.repositories[0].failure.has_value());
}

TEST(Reports, RememberWhatARepositoryHeldThatDoesNotAnswer) {
    const auto before = make_report({with_full(kNow - 1h)}, {""}, std::nullopt, "db-1", kNow);
    const auto after = make_report({{.number = 1, .status = 99, .message = "down"}}, {""}, before, "db-1", kNow);
    EXPECT_EQ(after.repositories[0].full->label, "F");
    EXPECT_EQ(after.repositories[0].status, 99);
}

TEST(RestoreTests, SurviveEtcd) {
    const RestoreTest test{.at = kNow,
                           .node = "db-3",
                           .repository = 2,
                           .label = "F",
                           .duration = 61s,
                           .passed = true,
                           .message = "3 databases",
                           .bytes = 99};
    const auto again = restore_test_from_json(json::to_line(to_json(test))).value();
    EXPECT_EQ(again.at, kNow);
    EXPECT_EQ(again.node, "db-3");
    EXPECT_EQ(again.repository, 2);
    EXPECT_EQ(again.duration, 61s);
    EXPECT_TRUE(again.passed);
    EXPECT_EQ(again.bytes, 99U);
}

TEST(WalAlarms, ComeLongBeforeTheDiskIsFull) {
    constexpr std::uint64_t kGiB = 1ULL << 30U;
    const WalView good{.waiting = 2, .oldest = kNow - 10s, .disk_bytes = 100 * kGiB, .free_bytes = 60 * kGiB};
    EXPECT_THAT(wal_alarms(good, kNow), IsEmpty());
    auto stuck = good;
    stuck.oldest = kNow - 6min;
    stuck.error = "unable to connect";
    EXPECT_THAT(wal_alarms(stuck, kNow), ElementsAre(HasSubstr("not been archived for 6 minutes: 2 segments")));
    EXPECT_THAT(wal_alarms(stuck, kNow)[0], HasSubstr("unable to connect"));
    auto many = good;
    many.waiting = 2000; // 31 GiB
    EXPECT_THAT(wal_alarms(many, kNow), ElementsAre(HasSubstr("before PostgreSQL has to stop")));
    auto full = good;
    full.free_bytes = 14 * kGiB;
    EXPECT_THAT(wal_alarms(full, kNow), ElementsAre(HasSubstr("the disk that holds WAL has")));
    EXPECT_EQ(json::number_at(to_json(stuck, kNow), "lag_seconds"), 360);
    EXPECT_EQ(json::number_at(to_json(WalView{}, kNow), "lag_seconds"), 0);
}

TEST(BackupAlarms, NameWhatIsMissing) {
    const cloud_init::BackupConfig config;
    const auto alarms = [&](const Report& report, const std::optional<RestoreTest>& test = {}) {
        return backup_alarms(report, test, config, kNow);
    };
    const auto report_of = [](RepositoryView view) {
        return make_report({std::move(view)}, {"/repo"}, std::nullopt, "db-1", kNow);
    };
    EXPECT_THAT(backup_alarms(std::nullopt, std::nullopt, config, kNow), IsEmpty());
    EXPECT_THAT(alarms(report_of(with_full(kNow - 2h))), IsEmpty());
    EXPECT_THAT(alarms(report_of(with_full(kNow - 5 * 24h))), ElementsAre(HasSubstr("a diff backup is overdue")));
    EXPECT_THAT(alarms(report_of(with_full(kNow - 9 * 24h))), ElementsAre(HasSubstr("a full backup is overdue")));
    EXPECT_THAT(alarms(report_of({.number = 1, .status = 2})), ElementsAre(HasSubstr("no full backup yet")));
    auto failed = report_of(with_full(kNow - 2h));
    failed.repositories[0].failure = failure_at(kNow);
    EXPECT_THAT(alarms(failed), ElementsAre(HasSubstr("the diff backup failed 2 times, last on db-2: no space")));
    auto silent = report_of(with_full(kNow - 2h));
    silent.repositories[0].status = 99;
    silent.repositories[0].message = "the S3 service does not know this key";
    EXPECT_THAT(alarms(silent), ElementsAre(HasSubstr("does not know this key")));
    const auto good = report_of(with_full(kNow - 2h));
    EXPECT_THAT(alarms(good, RestoreTest{.at = kNow - 1h, .passed = true}), IsEmpty());
    EXPECT_THAT(alarms(good, RestoreTest{.at = kNow - 30 * 24h, .passed = true}),
                ElementsAre(HasSubstr("the last restore test is 30 days old")));
    EXPECT_THAT(alarms(good, RestoreTest{.at = kNow, .node = "db-2", .label = "F", .message = "it is broken"}),
                ElementsAre(HasSubstr("failed on db-2: it is broken")));
}

} // namespace
} // namespace ingot::firstboot::backup
