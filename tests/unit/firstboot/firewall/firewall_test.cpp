#include "firstboot/firewall/firewall.hpp"

#include <gtest/gtest.h>

#include "tests/support/golden.hpp"

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

} // namespace
} // namespace ingot::firstboot
