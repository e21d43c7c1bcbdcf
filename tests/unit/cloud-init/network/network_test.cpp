#include "cloud-init/network/network.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "tests/places/places.hpp"
#include "tests/support/golden.hpp"

namespace ingot::cloud_init {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string rendered(const Result<NetworkConfig>& config) {
    EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().message);
    std::string all;
    if (!config) { return all; }
    for (const auto& warning : config->warnings) { all += "# warning: " + warning + "\n"; }
    for (const auto& file : render_networkd(*config)) { all += "### " + file.name + "\n" + file.content; }
    return all;
}

std::string sample(const std::string& name) {
    return files::read(tests::source_dir() / "tests/samples/network" / name).value_or("");
}

TEST(NetworkConfig, OfEachKindBecomesTheseFiles) {
    for (const auto* const name : {"v1-many", "v1-hetzner", "v2-many", "v2-simple", "v2-ec2"}) {
        tests::expect_golden(std::string("network/") + name,
                             rendered(read_network_config(sample(std::string(name) + ".yaml"), name)));
    }
    tests::expect_golden("network/openstack",
                         rendered(read_network_data(sample("openstack.json"), "network_data.json")));
}

TEST(NetworkConfig, MayStandAloneOrBelowNetwork) {
    EXPECT_EQ(rendered(read_network_config("version: 2\nethernets: {eth0: {dhcp4: true}}\n", "n")),
              rendered(read_network_config("network:\n  version: 2\n  ethernets: {eth0: {dhcp4: true}}\n", "n")));
    EXPECT_TRUE(read_network_config("network: {config: disabled}\n", "n")->disabled);
    EXPECT_TRUE(read_network_config("config: disabled\n", "n")->disabled);
    EXPECT_THAT(read_network_config("", "n")->links, IsEmpty());
}

TEST(NetworkConfig, IsRefusedWhereItCannotBeMeant) {
    const std::pair<std::string, std::string> bad[] = {
        {"version: 3\n", "neither network-config version 1 nor version 2"},
        {"- a list\n", "expected a mapping"},
        {"version: 1\n", "needs a list 'config'"},
        {"version: 1\nconfig: [{type: physical}]\n", "'' is no name of an interface"},
        {"version: 1\nconfig: [{type: physical, name: ../../x}]\n", "is no name of an interface"},
        {"version: 1\nconfig: [{type: tunnel, name: x}]\n", "'tunnel' is no type"},
        {"version: 1\nconfig: [{type: physical, name: a, subnets: [{type: static, address: x}]}]\n",
         "'x' is no address"},
        {"version: 1\nconfig: [{type: physical, name: a, subnets: [{type: static, address: 1.2.3.4, netmask: "
         "255.0.255.0}]}]\n",
         "is no address"},
        {"version: 1\nconfig: [{type: physical, name: a, mac_address: 10:20:30}]\n", "is no hardware address"},
        {"version: 2\nethernets: {a: {addresses: [10.0.0.5]}}\n", "needs its prefix length"},
        {"version: 2\nethernets: {a: {addresses: [10.0.0.5/33]}}\n", "is no address"},
        {"version: 2\nethernets: {a: {set-name: b}}\n", "set-name needs"},
        {"version: 2\nethernets: {a: {dhcp4: perhaps}}\n", "expected true or false"},
        {"version: 2\nethernets: {a: {routes: [{to: x, via: 10.0.0.1}]}}\n", "'x' is no address"},
        {"version: 2\nethernets: {a: {routes: [{to: default, via: x}]}}\n", "'x' is no address"},
        {"version: 2\nethernets: {a: {nameservers: {search: [\"a\\nb\"]}}}\n", "is no domain"},
        {"version: 2\nvlans: {v: {id: 4095, link: a}}\n", "number from 0 to 4094"},
        {"version: 2\nvlans: {v: {id: 5, link: a}}\n", "'v' is a VLAN on 'a', which is not described"},
        {"version: 2\nbonds: {b: {interfaces: [x]}}\n", "made of 'x', which is not described"},
        {"version: 2\nethernets: {a: {}}\nbridges: {b: {interfaces: [a]}, c: {interfaces: [a]}}\n",
         "'a' belongs to two bonds or bridges"},
        {"version: 2\nethernets: {a: {}}\nbridges: {a: {}}\n", "two interfaces are called 'a'"},
    };
    for (const auto& [text, reason] : bad) {
        const auto config = read_network_config(text, "n");
        ASSERT_FALSE(config.has_value()) << text;
        EXPECT_EQ(config.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(config.error().message, HasSubstr(reason)) << text;
    }
}

TEST(NetworkConfig, WarnsOfWhatIsNotApplied) {
    const auto config = read_network_config("version: 2\nethernets: {a: {dhcp44: true, sriov: 1}}\nwifis: {}\n", "n");
    ASSERT_TRUE(config.has_value());
    ASSERT_EQ(config->warnings.size(), 3U);
    EXPECT_EQ(config->warnings[0], "n:2:17: 'a.dhcp44' is not applied (did you mean 'dhcp4'?)");
}

TEST(NetworkConfig, NeverWritesWhatWouldBeAnotherLine) {
    const auto config = read_network_config(
        "version: 2\nethernets: {a: {}}\nbonds: {b: {interfaces: [a], parameters: {mode: \"x\\n[Match]\"}}}\n", "n");
    ASSERT_FALSE(config.has_value());
    EXPECT_THAT(config.error().message, HasSubstr("one line"));
}

} // namespace
} // namespace ingot::cloud_init
