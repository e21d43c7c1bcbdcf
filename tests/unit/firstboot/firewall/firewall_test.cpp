#include "firstboot/firewall/firewall.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

using cloud_init::Role;

NodeSpec node(Role role) {
    NodeSpec made{.name = "n", .instance_id = "i", .address = "10.0.0.21"};
    made.config.role = role;
    made.config.network = "10.0.0.0/24";
    return made;
}

TEST(Firewall, OpensToEachRoleWhatItNeedsAndNoMore) {
    tests::expect_golden("firewall/etcd.nft", render_firewall(openings(node(Role::etcd), {})));
    tests::expect_golden("firewall/db.nft", render_firewall(openings(node(Role::db), {})));
    tests::expect_golden("firewall/proxy.nft", render_firewall(openings(node(Role::proxy), {})));
}

TEST(Firewall, TakesNetworksOfBothKindsAndPortsOfItsOwnFromTheUserData) {
    auto made = node(Role::proxy);
    made.config.network = "fd00:1::/64";
    const cloud_init::FirewallConfig firewall{
        .ssh = {"192.0.2.0/24"},
        .clients = {"10.0.0.0/8", "192.168.0.0/16", "fd00::/8"},
        .open = {{.port = 9100, .from = {"10.0.0.0/24"}}, {.port = 5353, .protocol = "udp"}}};
    tests::expect_golden("firewall/asked.nft", render_firewall(openings(made, firewall)));
}

NodeSpec member() {
    auto made = node(Role::db);
    made.config.cluster_id = "6f1c2d3e";
    return made;
}

TEST(ShutOut, ClosesBothDirectionsToTheAddressesOfBothKinds) {
    tests::expect_golden("firewall/revoked.nft",
                         render_shut_out("6f1c2d3e", {"10.0.0.22", "10.0.0.23", "fd00:1::22"}));
    tests::expect_golden("firewall/revoked-nobody.nft", render_shut_out("6f1c2d3e", {}));
}

TEST(ShutOut, NeverTheNodeItselfOrEtcdOrWhatIsNoAddressOfTheNetwork) {
    EXPECT_EQ(may_be_shut_out(member(), {"10.0.0.21", "10.0.0.11", "10.0.0.22", "192.0.2.1", "x", "", "0.0.0.0/0"},
                              {"10.0.0.11"}),
              std::vector<std::string>{"10.0.0.22"});
}

TEST(ShutOut, IsKeptAndLoadedWhenItChanges) {
    test::World world;
    ASSERT_TRUE(shut_out(member(), {}, world.environment));
    EXPECT_TRUE(world.processes.ran.empty()) << "nobody was ever revoked";
    ASSERT_TRUE(shut_out(member(), {"10.0.0.22"}, world.environment));
    ASSERT_TRUE(shut_out(member(), {"10.0.0.22"}, world.environment));
    EXPECT_EQ(world.processes.ran.size(), 1U);
    EXPECT_EQ(world.read(kShutOutFile), render_shut_out("6f1c2d3e", {"10.0.0.22"}));
    ASSERT_TRUE(shut_out(member(), {}, world.environment));
    EXPECT_EQ(world.processes.ran.size(), 2U);
    EXPECT_EQ(world.read(kShutOutFile), render_shut_out("6f1c2d3e", {}));
}

TEST(ShutOut, IsTriedAgainIfItCannotBeLoaded) {
    test::World world;
    world.processes.answer = [](const process::Command&) { return process::Output{.exit_code = 1}; };
    EXPECT_FALSE(shut_out(member(), {"10.0.0.22"}, world.environment));
    world.processes.answer = {};
    EXPECT_TRUE(shut_out(member(), {"10.0.0.22"}, world.environment));
    EXPECT_EQ(world.processes.ran.size(), 2U);
}

TEST(ShutOut, OfAnotherClusterIsForgottenAtBootAndOfTheOwnIsNot) {
    test::World world;
    const auto step = firewall_step(member(), {}, world.environment);
    ASSERT_TRUE(shut_out(member(), {"10.0.0.22"}, world.environment));
    ASSERT_TRUE(step.apply());
    EXPECT_EQ(world.read(kShutOutFile), render_shut_out("6f1c2d3e", {"10.0.0.22"}));
    world.write(kShutOutFile, render_shut_out("another", {"10.0.0.22"}));
    ASSERT_TRUE(step.apply());
    EXPECT_EQ(world.read(kShutOutFile), render_shut_out("6f1c2d3e", {}));
}

} // namespace
} // namespace ingot::firstboot
