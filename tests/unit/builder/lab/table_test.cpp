#include "builder/lab/model/table.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

using namespace ingot::builder::lab;
using ingot::tests::expect_golden;

namespace {

LabReport report() {
    return {.name = "lab",
            .cluster = "orders",
            .ports = {.primary = 5000, .replica = 5001, .pool = 6432},
            .members = {{.member = {.name = "etcd-1", .role = Role::etcd, .address = "10.0.0.11"},
                         .machine = "running",
                         .agent = "ready",
                         .detail = "leader",
                         .healthy = true,
                         .leader = true},
                        {.member = {.name = "db-1", .role = Role::db, .address = "10.0.0.21"},
                         .machine = "running",
                         .agent = "waiting",
                         .detail = "for a leader …"},
                        {.member = {.name = "db-2", .role = Role::db, .address = "10.0.0.22"},
                         .machine = "running",
                         .agent = "ready",
                         .detail = "replica, streaming, timeline 1, lag 0 B",
                         .healthy = true,
                         .lag = 0,
                         .patroni_role = "replica",
                         .patroni_state = "streaming"},
                        {.member = {.name = "proxy-1", .role = Role::proxy, .address = "10.0.0.31"},
                         .machine = "stopped",
                         .agent = "-"}},
            .partitions = {"db-1 | everyone"}};
}

const ConnectInfo kInfo = {.domain = "orders.internal",
                           .user = "app",
                           .database = "app",
                           .ca_file = "/state/ca.crt",
                           .pass_file = "/state/pgpass"};

} // namespace

TEST(LabTable, IsReadable) { expect_golden("lab/status.txt", to_table(report())); }

TEST(LabTable, AsJsonComesBackAsItWas) {
    const auto value = to_json(report());
    expect_golden("lab/status.json", ingot::json::to_text(value));
    const auto again = report_from_json(value);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(ingot::json::to_text(to_json(*again)), ingot::json::to_text(value));
}

TEST(LabReportTest, IsHealthyWhenEveryMachineIs) {
    auto seen = report();
    EXPECT_FALSE(all_healthy(seen));
    std::erase_if(seen.members, [](const auto& member) { return !member.healthy; });
    EXPECT_TRUE(all_healthy(seen));
    EXPECT_FALSE(all_healthy({}));
}

TEST(ConnectText, CanBePasted) { expect_golden("lab/connect.txt", to_connect_text(kInfo, report().ports)); }

TEST(ConnectText, NamesTheHostThatTheCertificateNames) {
    EXPECT_TRUE(connection_string(kInfo, Door::replica, 5001)
                    .starts_with("host=replica.orders.internal hostaddr=127.0.0.1 port=5001 "));
    EXPECT_TRUE(connection_string(kInfo, Door::pool, 6432)
                    .starts_with("host=primary.orders.internal hostaddr=127.0.0.1 port=6432 "));
}

TEST(LabProgress, LeavesOutTheErrorOfTheLastTry) {
    EXPECT_EQ(progress_of({.machine = "stopped", .agent = "-"}), "stopped");
    EXPECT_EQ(progress_of({.machine = "running", .agent = "ready"}), "ready");
    EXPECT_EQ(progress_of({.machine = "running", .agent = "starting", .detail = "starting Patroni"}),
              "starting Patroni");
    EXPECT_EQ(
        progress_of({.machine = "running",
                     .agent = "waiting",
                     .detail = "waiting for etcd: no quorum yet: asking etcd: POST https://10.0.0.11: refused"}),
        "waiting for etcd: no quorum yet");
}
