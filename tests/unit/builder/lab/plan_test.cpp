#include "builder/lab/model/plan.hpp"

#include <gtest/gtest.h>

using namespace ingot;
using namespace ingot::builder::lab;

namespace {

LabNetwork network() { return *LabNetwork::parse("10.0.0.0/24"); }

std::vector<MemberSeed> seeds(std::size_t count) {
    std::vector<MemberSeed> made;
    for (std::size_t i = 0; i < count; ++i) {
        made.push_back(
            {.instance_id = static_cast<std::uint32_t>(1000 + i), .machine_id = "id-" + std::to_string(i)});
    }
    return made;
}

cloud_init::Topology usual() {
    return {.etcd = {{"etcd-1", "10.0.0.11"}, {"etcd-2", "10.0.0.12"}, {"etcd-3", "10.0.0.13"}}, .db = 3, .proxy = 1};
}

} // namespace

TEST(LabPlan, GivesEachRoleAddressesByWhichItIsRecognised) {
    const auto members = founding_members(usual(), network(), seeds(7));
    ASSERT_TRUE(members.has_value());
    std::vector<std::string> seen;
    for (const auto& member : *members) { seen.push_back(member.name + " " + member.address); }
    EXPECT_EQ(seen,
              (std::vector<std::string>{"etcd-1 10.0.0.11", "etcd-2 10.0.0.12", "etcd-3 10.0.0.13", "db-1 10.0.0.21",
                                        "db-2 10.0.0.22", "db-3 10.0.0.23", "proxy-1 10.0.0.31"}));
}

TEST(LabPlan, GivesEveryMachineIdentitiesOfItsOwn) {
    const auto members = founding_members(usual(), network(), seeds(7));
    ASSERT_TRUE(members.has_value());
    EXPECT_EQ(members->at(0).instance_id, 1000U);
    EXPECT_EQ(members->at(6).instance_id, 1006U);
    EXPECT_EQ(members->at(6).machine_id, "id-6");
}

TEST(LabPlan, RefusesAFounderOutsideTheNetworkOrOnTheGatewaysAddress) {
    for (const auto* address : {"10.1.0.11", "10.0.0.1"}) {
        const auto members =
            founding_members({.etcd = {{"etcd-1", address}}, .db = 0, .proxy = 0}, network(), seeds(1));
        ASSERT_FALSE(members.has_value()) << address;
        EXPECT_EQ(members.error().kind, ErrorKind::invalid_input);
    }
}

TEST(LabPlan, NeverGivesTheNameOfARemovedMachineToAnother) {
    auto members = *founding_members(usual(), network(), seeds(7));
    UsedNumbers used;
    for (const auto& member : members) { note_used(used, member); }
    std::erase_if(members, [](const Member& member) { return member.name == "db-3"; });
    const auto next = next_member(Role::db, members, used, network(), {});
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->name, "db-4");
    EXPECT_EQ(next->address, "10.0.0.23");
}

TEST(LabPlan, PlacesTheTenthMachineOfARoleBehindTheOthers) {
    std::vector<Member> members;
    for (int i = 0; i < 10; ++i) { members.push_back(*next_member(Role::db, members, {}, network(), {})); }
    EXPECT_EQ(members.at(8).address, "10.0.0.29");
    EXPECT_EQ(members.at(9).name, "db-10");
    EXPECT_EQ(members.at(9).address, "10.0.0.101");
}

TEST(LabPlan, SaysWhenTheNetworkIsFull) {
    std::vector<Member> members;
    Result<Member> next = fail(ErrorKind::bug, "");
    while ((next = next_member(Role::proxy, members, {}, network(), {}))) { members.push_back(*next); }
    EXPECT_EQ(members.size(), 159U);
    EXPECT_EQ(next.error().kind, ErrorKind::refused);
}

TEST(LabPlan, AvoidsAnAddressThatAFounderHas) {
    const std::vector<Member> members = {{.name = "coordinator", .role = Role::etcd, .address = "10.0.0.21"}};
    EXPECT_EQ(next_member(Role::db, members, {}, network(), {})->address, "10.0.0.22");
}

TEST(LabPlan, MakesMacAndPortOfTheAddress) {
    EXPECT_EQ(mac_of("10.0.0.21"), "52:54:00:00:00:15");
    EXPECT_EQ(mac_of("192.168.255.254"), "52:54:00:a8:ff:fe");
    EXPECT_EQ(port_of("192.168.255.254"), "pa8fffe");
}

TEST(LabNetworkTest, TakesIPv4NetworksInWhichThePlanFits) {
    EXPECT_TRUE(LabNetwork::parse("10.0.0.0/16").has_value());
    EXPECT_TRUE(LabNetwork::parse("10.0.0.0/24").has_value());
    for (const auto* cidr : {"10.0.0.0/25", "10.0.0.0/8", "fd00::/64", "10.0.0.0", "", "x"}) {
        const auto parsed = LabNetwork::parse(cidr);
        ASSERT_FALSE(parsed.has_value()) << cidr;
        EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_input);
    }
}

TEST(LabNetworkTest, KnowsItsMaskAndGateway) {
    EXPECT_EQ(LabNetwork::parse("10.20.0.0/20")->netmask(), "255.255.240.0");
    EXPECT_EQ(network().netmask(), "255.255.255.0");
    EXPECT_EQ(network().gateway(), "10.0.0.1");
    EXPECT_TRUE(network().contains("10.0.0.9"));
    EXPECT_FALSE(network().contains("10.0.1.9"));
}

TEST(LabPlan, SharesHalfOfTheHostsMemoryAmongDbMachines) {
    EXPECT_EQ(db_memory_mib(24000, 3), 2048);
    EXPECT_EQ(db_memory_mib(6000, 3), 1000);
    EXPECT_EQ(db_memory_mib(2000, 4), 512);
    EXPECT_EQ(db_memory_mib(0, 0), 512);
}

TEST(LabPlan, TakesOnlyNamesThatCanBeFilesAndCgroups) {
    for (const auto* name : {"lab", "a", "ci-2"}) { EXPECT_TRUE(check_lab_name(name).has_value()) << name; }
    for (const auto* name : {"", "Lab", "1a", "a/b", "..", "a b", "-x"}) {
        EXPECT_FALSE(check_lab_name(name).has_value()) << name;
    }
    EXPECT_FALSE(check_lab_name(std::string(32, 'a')).has_value());
}
