#include <gtest/gtest.h>

#include "firstboot/datasource/ec2/ec2.hpp"
#include "tests/support/golden.hpp"

namespace ingot::firstboot::ec2 {
namespace {

TEST(Ec2Network, OfOneCardIsDhcpByMac) {
    tests::expect_golden("datasource/ec2-one-card.yaml",
                         network_text({{.mac = "0a:00:00:00:00:01", .ipv4 = {"10.0.0.5"}}}));
}

TEST(Ec2Network, PrefersThePrimaryCardAndSetsFurtherAddresses) {
    tests::expect_golden("datasource/ec2-two-cards.yaml", network_text({{.mac = "0a:00:00:00:00:01",
                                                                         .device_number = 1,
                                                                         .ipv4 = {"10.0.16.5", "10.0.16.6"},
                                                                         .ipv4_block = "10.0.16.0/20"},
                                                                        {.mac = "0a:00:00:00:00:02",
                                                                         .ipv4 = {"10.0.0.5"},
                                                                         .ipv6 = {"2600::5", "2600::6"},
                                                                         .ipv6_blocks = {"2600::/64"}}}));
}

TEST(Ec2, IsKnownByVendorOrByAUuidInEitherByteOrder) {
    EXPECT_TRUE(detect({.vendor = "Amazon EC2"}));
    EXPECT_TRUE(detect({.uuid = "ec2e1916-9099-7caf-fd21-012345abcdef"}));
    EXPECT_TRUE(detect({.uuid = "45e12aec-dcd1-b213-94ed-012345abcdef"}));
    EXPECT_FALSE(detect({.vendor = "QEMU", .uuid = "12345678-9099-7caf-fd21-012345abcdef"}));
    EXPECT_FALSE(detect({}));
}

} // namespace
} // namespace ingot::firstboot::ec2
