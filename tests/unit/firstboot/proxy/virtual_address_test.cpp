#include "firstboot/proxy/virtual_address.hpp"

#include <gtest/gtest.h>

#include "firstboot/proxy/render.hpp"
#include "tests/support/golden.hpp"
#include "tests/unit/firstboot/proxy/sample.hpp"

namespace ingot::firstboot::proxy {
namespace {

using Addresses = std::set<std::string>;

NodeSpec with_address() {
    auto node = sample_node();
    node.config.proxy.virtual_address = "10.0.0.5";
    return node;
}

TEST(KeepalivedConfig, IsAsAccepted) {
    tests::expect_golden("proxy/keepalived.conf",
                         render_keepalived(with_address(), "eth0", {"10.0.0.32", "10.0.0.33"}));
}

TEST(KeepalivedConfig, RemembersThePeers) {
    const Addresses peers = {"10.0.0.32", "10.0.0.33"};
    EXPECT_EQ(peers_from_config(render_keepalived(with_address(), "eth0", peers)), peers);
    EXPECT_TRUE(peers_from_config(render_keepalived(with_address(), "eth0", {})).empty());
    EXPECT_TRUE(peers_from_config("").empty());
}

TEST(Peers, AreNotForgottenWhenTheyLoseTheirRegistration) {
    EXPECT_EQ(peers_to_know({}, {"10.0.0.31", "10.0.0.32"}, "10.0.0.31"), Addresses{"10.0.0.32"});
    EXPECT_EQ(peers_to_know({"10.0.0.32"}, {}, "10.0.0.31"), Addresses{"10.0.0.32"});
    Addresses many;
    for (int number = 1; number <= 16; ++number) { many.insert("10.0.1." + std::to_string(number)); }
    EXPECT_EQ(peers_to_know(many, {"10.0.0.31", "10.0.0.32"}, "10.0.0.31"), Addresses{"10.0.0.32"});
}

TEST(VirtualAddress, IsListenedOnForAllPortsAlsoWhileAnotherHasIt) {
    const auto config = render_haproxy(with_address(), {});
    for (const auto* line : {"bind 10.0.0.5:5000 transparent\n", "bind 10.0.0.5:5001 transparent\n",
                             "bind 10.0.0.5:6432 transparent\n    server local 127.0.0.1:6432 no-check\n",
                             "bind 10.0.0.5:6433 transparent\n    server local 127.0.0.1:6433 no-check\n"}) {
        EXPECT_NE(config.find(line), std::string::npos) << line;
    }
}

TEST(VirtualAddress, IsOnTheCardThatHasTheNodesAddress) {
    EXPECT_EQ(card_of("127.0.0.1"), "lo");
    const auto nobodys = card_of("192.0.2.7"); // an address of documentation
    ASSERT_FALSE(nobodys);
    EXPECT_EQ(nobodys.error().kind, ErrorKind::transient);
}

} // namespace
} // namespace ingot::firstboot::proxy
