#include "cloud-init/userdata/network.hpp"

#include <gtest/gtest.h>

namespace ingot::cloud_init {
namespace {

TEST(AddressText, IsReadStrictly) {
    EXPECT_EQ(Address::parse("10.0.0.1")->to_string(), "10.0.0.1");
    EXPECT_EQ(Address::parse("FD00:0::1")->to_string(), "fd00::1");
    for (const auto* text : {"", "10.0.0", "256.1.1.1", "10.0.0.01", "10.0.0.1 ", "fe80::1%eth0", "host",
                             "10.0.0.1/24", "0x0a000001", "10.0.0.1\n"}) {
        EXPECT_FALSE(Address::parse(text)) << text;
    }
}

TEST(AddressText, CountsUpOverBytes) {
    EXPECT_EQ(Address::parse("10.0.0.250")->plus(10).to_string(), "10.0.1.4");
    EXPECT_EQ(Address::parse("10.255.255.255")->plus(1).to_string(), "11.0.0.0");
    EXPECT_EQ(Address::parse("10.0.0.0")->plus(70'000).to_string(), "10.1.17.112");
    EXPECT_EQ(Address::parse("fd00::ffff")->plus(2).to_string(), "fd00::1:1");
}

TEST(NetworkText, IsReadStrictly) {
    for (const auto* text : {"", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08", "fd00::/129",
                             "10.0.0.0/24/24", "/24", "10.0.0.0/ 24", "10.0.0.0/+8"}) {
        EXPECT_FALSE(Network::parse(text)) << text;
    }
    EXPECT_EQ(Network::parse("10.0.0.5/24")->to_string(), "10.0.0.0/24");
    EXPECT_NE(Network::parse("10.0.0.5/24")->written(), Network::parse("10.0.0.5/24")->first());
}

TEST(NetworkText, ContainsWhatSharesItsPrefix) {
    const auto network = *Network::parse("10.0.16.0/20");
    EXPECT_TRUE(network.contains(*Address::parse("10.0.31.255")));
    EXPECT_FALSE(network.contains(*Address::parse("10.0.32.0")));
    EXPECT_FALSE(network.contains(*Address::parse("fd00::1")));
    EXPECT_EQ(network.last().to_string(), "10.0.31.255");
    EXPECT_TRUE(Network::parse("0.0.0.0/0")->contains(*Address::parse("255.1.2.3")));
    EXPECT_TRUE(Network::parse("fd00:1::/32")->contains(*Address::parse("fd00:1:ffff::1")));
    EXPECT_FALSE(Network::parse("fd00:1::/32")->contains(*Address::parse("fd00:2::1")));
    EXPECT_EQ(Network::parse("fd00::/120")->last().to_string(), "fd00::ff");
}

} // namespace
} // namespace ingot::cloud_init
