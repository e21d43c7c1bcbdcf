#include "firstboot/db/switchover.hpp"

#include <gtest/gtest.h>

#include "firstboot/db/figures.hpp"

namespace ingot::firstboot::db {
namespace {

KeyValue member(const std::string& name, const std::string& state, const std::string& tags = "{}") {
    return {.key = "/service/orders/members/" + name,
            .value = R"({"api_url":"https://10.0.0.2)" + name.substr(3) + R"(:8008/patroni","state":")" + state +
                     R"(","tags":)" + tags + "}"};
}

Listing listing(std::vector<KeyValue> more) {
    Listing all{.entries = {{.key = "/service/orders/leader", .value = "db-1"}, member("db-1", "running")}};
    all.entries.insert(all.entries.end(), more.begin(), more.end());
    return all;
}

TEST(Switchover, GoesToAMemberThatCanTakeOver) {
    const auto found = leadership_from("orders", listing({member("db-2", "running"), member("db-3", "starting")}));
    const auto any = plan_switchover(found, "");
    ASSERT_TRUE(any) << any.error().message;
    EXPECT_EQ(any->leader, "db-1");
    EXPECT_EQ(any->leader_rest, "https://10.0.0.21:8008");
    EXPECT_EQ(any->leader_address, "10.0.0.21");
    EXPECT_EQ(any->candidate, "");
    EXPECT_EQ(plan_switchover(found, "db-2")->candidate, "db-2");
}

TEST(Switchover, IsRefusedWithASentenceWhereItCannotBe) {
    struct Row {
        std::vector<KeyValue> entries;
        const char* to;
        const char* says;
    };
    const KeyValue sync{.key = "/service/orders/sync", .value = R"({"leader":"db-1","sync_standby":"db-3"})"};
    const Row rows[] = {
        {{}, "", "no other member can take over now"},
        {{member("db-2", "running")}, "db-1", "db-1 leads already"},
        {{member("db-2", "running")}, "db-9", "there is no member db-9; those that could lead: db-2"},
        {{member("db-2", "running"), member("db-3", "stopped")},
         "db-3",
         "db-3 cannot take over now; those that could: db-2"},
        {{member("db-2", "running", R"({"nofailover":true})")},
         "db-2",
         "db-2 cannot take over now; those that could: none"},
        {{member("db-2", "running"), member("db-3", "running"), sync},
         "db-2",
         "db-2 cannot take over now; those that could: db-3"},
    };
    for (const auto& [entries, to, says] : rows) {
        const auto plan = plan_switchover(leadership_from("orders", listing(entries)), to);
        ASSERT_FALSE(plan) << says;
        EXPECT_EQ(plan.error().kind, ErrorKind::refused);
        EXPECT_EQ(plan.error().message, says);
    }
    EXPECT_FALSE(plan_switchover(leadership_from("orders", {}), ""));
}

TEST(DbFigures, SayHowOldBackupAndRestoreTestAre) {
    const auto text = metrics::to_text(figures_from(
        {.backup =
             R"({"version":1,"wal":{"waiting_segments":3},"restore_test":{"at":1700000500,"passed":true},"report":)"
             R"({"repositories":[{"number":1,"full":{"label":"a","stop":1700000000},"diff":null,"incr":null,)"
             R"("failure":{"kind":"diff","count":2}}]}})"}));
    for (const auto* line :
         {"ingot_backup_time_seconds{kind=\"full\",repository=\"1\"} 1700000000\n",
          "ingot_backup_failures{repository=\"1\"} 2\n", "ingot_restore_test_time_seconds 1700000500\n",
          "ingot_restore_test_passed 1\n", "ingot_wal_waiting_segments 3\n"}) {
        EXPECT_NE(text.find(line), std::string::npos) << line << text;
    }
    EXPECT_EQ(text.find("kind=\"diff\""), std::string::npos);
    EXPECT_EQ(metrics::to_text(figures_from({.backup = R"({"report":null,"restore_test":null})"})), "");
}

TEST(DbFigures, SayLagAndReplicas) {
    const auto replica = metrics::to_text(figures_from(
        {.patroni = R"({"state":"running","role":"replica","timeline":3,"replication_state":"streaming",)"
                    R"("xlog":{"received_location":1000,"replayed_location":900}})",
         .leader_lsn = 1500}));
    for (const auto* line : {"ingot_db_leader 0\n", "ingot_db_running 1\n", "ingot_db_timeline 3\n",
                             "ingot_replication_lag_bytes 600\n", "ingot_replica_streaming 1\n"}) {
        EXPECT_NE(replica.find(line), std::string::npos) << line << replica;
    }
    const auto leader = metrics::to_text(figures_from(
        {.patroni = R"({"state":"running","role":"primary","timeline":3,"xlog":{"location":1500},"replication":[)"
                    R"({"state":"streaming","sync_state":"sync"},{"state":"streaming","sync_state":"async"},)"
                    R"({"state":"catchup","sync_state":"async"}]})",
         .leader_lsn = 1500}));
    for (const auto* line :
         {"ingot_db_leader 1\n", "ingot_replicas_streaming 2\n", "ingot_replicas_synchronous 1\n"}) {
        EXPECT_NE(leader.find(line), std::string::npos) << line << leader;
    }
    EXPECT_EQ(leader.find("lag"), std::string::npos);
    EXPECT_EQ(metrics::to_text(figures_from({})), "");
}

} // namespace
} // namespace ingot::firstboot::db
