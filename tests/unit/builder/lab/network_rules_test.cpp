#include "builder/lab/model/network_rules.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

using namespace ingot;
using namespace ingot::builder::lab;
using ingot::tests::expect_golden;

namespace {

const std::vector<Member> kMembers = {{.name = "etcd-1", .role = Role::etcd, .address = "10.0.0.11"},
                                      {.name = "db-1", .role = Role::db, .address = "10.0.0.21"},
                                      {.name = "db-2", .role = Role::db, .address = "10.0.0.22"},
                                      {.name = "proxy-1", .role = Role::proxy, .address = "10.0.0.31"}};

} // namespace

TEST(PartitionPlan, CutsOneMachineOffFromAll) {
    const auto cuts = plan_cuts({"db-1"}, kMembers);
    ASSERT_TRUE(cuts.has_value());
    EXPECT_EQ(describe(*cuts), std::vector<std::string>{"db-1 | everyone"});
    expect_golden("lab/isolated.nft", nft_rules(*cuts, kMembers));
}

TEST(PartitionPlan, CutsTheFirstGroupOffFromAllOthersNamed) {
    const auto cuts = plan_cuts({"db-1,etcd-1", "db-2", "proxy-1"}, kMembers);
    ASSERT_TRUE(cuts.has_value());
    EXPECT_EQ(describe(*cuts), std::vector<std::string>{"db-1 etcd-1 | db-2 proxy-1"});
    expect_golden("lab/groups.nft", nft_rules(*cuts, kMembers));
}

TEST(PartitionPlan, AddsUp) {
    const auto both = merge(*plan_cuts({"db-1"}, kMembers), *plan_cuts({"db-2", "etcd-1"}, kMembers));
    EXPECT_EQ(describe(both), (std::vector<std::string>{"db-1 | everyone", "db-2 | etcd-1"}));
    expect_golden("lab/both.nft", nft_rules(both, kMembers));
}

TEST(PartitionPlan, IsHealedByRemovingTheTable) {
    EXPECT_EQ(nft_rules({}, kMembers), "add table bridge ingot_lab\ndelete table bridge ingot_lab\n");
}

TEST(PartitionPlan, RefusesMistakes) {
    const std::vector<std::vector<std::string>> wrong = {
        {}, {""}, {"db-9"}, {"db-1", "db-1"}, {"db-1", "db-2,db-1"}, {"db-1", ","}};
    for (const auto& words : wrong) {
        const auto cuts = plan_cuts(words, kMembers);
        ASSERT_FALSE(cuts.has_value());
        EXPECT_EQ(cuts.error().kind, ErrorKind::invalid_input);
    }
}

TEST(LabDhcp, ReservesByMac) { EXPECT_EQ(dhcp_hosts({kMembers[1]}), "52:54:00:00:00:15,10.0.0.21\n"); }

TEST(LabNames, LeadToMachinesRolesAndDoors) {
    EXPECT_EQ(dns_hosts({kMembers[1], kMembers[3]}, "orders.internal"),
              "10.0.0.21 db-1.orders.internal\n"
              "10.0.0.21 db.orders.internal\n"
              "10.0.0.31 proxy-1.orders.internal\n"
              "10.0.0.31 proxy.orders.internal\n"
              "10.0.0.31 primary.orders.internal replica.orders.internal\n");
}
