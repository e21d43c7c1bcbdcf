#include "firstboot/db/backup_runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/firstboot/db/sample.hpp"

namespace ingot::firstboot::db {
namespace {

using namespace std::chrono_literals;
using backup::Kind;
using backup::Report;
using testing::HasSubstr;
using testing::Not;

constexpr clock::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 28} + 12h;

backup::RepositoryReport repository(int number, int status, std::optional<clock::WallTime> full) {
    backup::RepositoryReport entry{.number = number, .status = status};
    if (full) { entry.full = backup::Record{.label = "F", .start = *full, .stop = *full}; }
    return entry;
}

TEST(NextJob, IsWhatIsDueInTheFirstRepositoryThatCanTakeIt) {
    const auto with_failure = [](backup::RepositoryReport entry, clock::WallTime at, int count) {
        entry.failure = backup::Failure{.kind = Kind::full, .at = at, .count = count};
        return entry;
    };
    struct Row {
        const char* name;
        std::vector<backup::RepositoryReport> repositories;
        std::optional<Job> request;
        std::optional<Job> want;
    };
    const Job asked{.repository = 1, .kind = Kind::incr};
    for (const auto& row : {
             Row{"nothing due", {repository(1, 0, kNow - 1h)}, {}, {}},
             Row{"the first full one", {repository(1, 2, {})}, {}, Job{1, Kind::full}},
             Row{"without a stanza", {repository(1, 1, {})}, {}, {}},
             Row{"a repository that does not answer",
                 {repository(1, 99, {}), repository(2, 2, {})},
                 {},
                 Job{2, Kind::full}},
             Row{"shortly after a failure", {with_failure(repository(1, 2, {}), kNow - 30s, 1)}, {}, {}},
             Row{"a while after a failure",
                 {with_failure(repository(1, 2, {}), kNow - 61s, 1)},
                 {},
                 Job{1, Kind::full}},
             Row{"longer after several", {with_failure(repository(1, 2, {}), kNow - 61s, 3)}, {}, {}},
             Row{"never longer than that",
                 {with_failure(repository(1, 2, {}), kNow - 11min, 99)},
                 {},
                 Job{1, Kind::full}},
             Row{"the other one meanwhile",
                 {with_failure(repository(1, 2, {}), kNow, 1), repository(2, 2, {})},
                 {},
                 Job{2, Kind::full}},
             Row{"asked for", {repository(1, 0, kNow - 1h)}, asked, asked},
             Row{"asked for in one that does not answer", {repository(1, 99, kNow - 1h)}, asked, {}},
             Row{"asked for in one that is not there", {repository(2, 0, kNow - 1h)}, asked, {}},
         }) {
        EXPECT_EQ(next_job(Report{.repositories = row.repositories}, {}, "id", row.request, kNow,
                           [](const auto&) { return true; }),
                  row.want)
            << row.name;
    }
}

TEST(NextJob, IsNothingInARepositoryThatIsAnotherNodesTask) {
    const Report report{.repositories = {repository(1, 2, {}), repository(2, 2, {})}};
    const auto second = [](const auto& entry) { return entry.number == 2; };
    EXPECT_EQ(next_job(report, {}, "id", {}, kNow, second), (Job{2, Kind::full}));
    EXPECT_EQ(next_job(report, {}, "id", Job{1, Kind::incr}, kNow, second), (Job{2, Kind::full}));
    EXPECT_EQ(next_job(report, {}, "id", {}, kNow, [](const auto&) { return false; }), std::nullopt);
}

TEST(WhoBacksUp, IntoABackupHostIsTheLeader) {
    const std::vector<backup::Candidate> all = {{.name = "db-1", .leads = true}, {.name = "db-2", .streams = true}};
    EXPECT_TRUE(may_back_up(all, "db-1", true, 0));
    EXPECT_FALSE(may_back_up(all, "db-2", true, 0));
    EXPECT_FALSE(may_back_up(all, "db-1", false, 0));
    EXPECT_TRUE(may_back_up(all, "db-2", false, 0));
    EXPECT_FALSE(may_back_up(all, "db-9", true, 0));
}

TEST(Jobs, SurviveEtcd) {
    const Job job{.repository = 2, .kind = Kind::diff};
    EXPECT_EQ(job_from_json(to_json_line(job)), job);
    EXPECT_EQ(job_from_json("{}"), std::nullopt);
    EXPECT_EQ(job_from_json("oops"), std::nullopt);
}

TEST(BackupEnvironment, NamesThePrimaryForAReplicaOnly) {
    const auto alone = render_backup_environment(sample_node(), {.repository = 2, .kind = Kind::diff}, std::nullopt);
    EXPECT_EQ(alone, "PGBACKREST_STANZA=orders\nPGBACKREST_REPO=2\nPGBACKREST_TYPE=diff\n");
    const auto replica = render_backup_environment(sample_node(), {}, "10.0.0.22");
    EXPECT_THAT(replica, HasSubstr("PGBACKREST_PG2_HOST=10.0.0.22\n"));
    EXPECT_THAT(replica, HasSubstr("PGBACKREST_PG2_HOST_TYPE=tls\n"));
    EXPECT_THAT(replica, HasSubstr("PGBACKREST_CONFIG=/etc/pgbackrest/direct.conf\n"));
    EXPECT_THAT(replica, HasSubstr("PGBACKREST_BACKUP_STANDBY=prefer\n"));
    EXPECT_THAT(replica, HasSubstr("PGBACKREST_PG2_PATH=/var/lib/postgresql/17/main\n"));
    EXPECT_THAT(replica, Not(HasSubstr("PASS")));
}

} // namespace
} // namespace ingot::firstboot::db
