#include "firstboot/system/network.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

class NetworkSteps : public testing::Test {
  protected:
    void apply(const std::string& text) {
        Metadata metadata;
        metadata.network = NetworkDescription{.text = text};
        for (const auto& step : network_steps(metadata, world_.environment)) {
            EXPECT_TRUE(step.apply().has_value());
        }
    }
    test::World world_{};
};

TEST_F(NetworkSteps, WriteFilesAndReloadOnlyWhatChanged) {
    apply("version: 2\nethernets: {eth0: {dhcp4: true}}\n");
    EXPECT_NE(world_.read("/etc/systemd/network/10-ingot-eth0.network").find("DHCP=ipv4\n"), std::string::npos);
    apply("version: 2\nethernets: {eth0: {dhcp4: true}}\n");
    EXPECT_EQ(world_.processes.ran, std::vector<std::string>{"networkctl reload"});
}

TEST_F(NetworkSteps, TakeAwayWhatAnEarlierDescriptionLeft) {
    world_.write("/etc/systemd/network/50-ingot-ethernet.network", "the image's");
    apply("version: 2\nethernets: {eth0: {dhcp4: true}}\n");
    apply("version: 2\nethernets: {eth1: {dhcp4: true}}\n");
    EXPECT_EQ(world_.read("/etc/systemd/network/10-ingot-eth0.network"), "<missing>");
    EXPECT_EQ(world_.read("/etc/systemd/network/50-ingot-ethernet.network"), "the image's");
}

TEST_F(NetworkSteps, LeaveTheNetworkAsItIsWhereTheDescriptionIsNoneOrWrong) {
    apply("version: 2\nethernets: {eth0: {dhcp4: true}}\n");
    for (const auto* const text :
         {"version: 2\nethernets: {eth0: {addresses: [x]}}\n", "network: {config: disabled}\n", "version: 2\n", ""}) {
        apply(text);
        EXPECT_NE(world_.read("/etc/systemd/network/10-ingot-eth0.network"), "<missing>") << text;
    }
    EXPECT_TRUE(network_steps({}, world_.environment).empty());
}

} // namespace
} // namespace ingot::firstboot
