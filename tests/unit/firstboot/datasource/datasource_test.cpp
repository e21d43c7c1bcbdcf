#include "firstboot/datasource/datasource.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

constexpr std::string_view kSeed = "/var/lib/cloud/seed/nocloud";
const std::string kBase = "http://169.254.169.254/hetzner/v1/";

TEST(ChosenDatasource, IsOnTheCommandLineOrInTheSerialNumber) {
    const auto chosen = [](std::string word) { return chosen_datasource({.command_line = {std::move(word)}}); };
    EXPECT_EQ(chosen("quiet").value(), "");
    EXPECT_EQ(chosen("ds=hetzner").value(), "hetzner");
    EXPECT_EQ(chosen("ci.datasource=Ec2").value(), "ec2");
    EXPECT_EQ(chosen("ds=nocloud-net;i=abc").value(), "nocloud");
    EXPECT_EQ(chosen_datasource({.serial = "ds=nocloud;s=http://x/"}).value(), "nocloud");
    EXPECT_EQ(chosen_datasource({.serial = "4711"}).value(), "");
    EXPECT_EQ(chosen("ds=azure").error().kind, ErrorKind::invalid_input);
}

class ReadDatasource : public testing::Test {
  protected:
    void SetUp() override {
        world_.write("/run/systemd/container", "systemd-nspawn");
        world_.answers[kBase + "metadata"] = {.status = 200, .body = "instance-id: 4711\nhostname: db-1\n"};
        world_.answers[kBase + "userdata"] = {.status = 200, .body = "#cloud-config\n"};
        world_.answers[kBase + "metadata/private-networks"] = {.status = 204};
    }
    void seed() {
        world_.write(std::string(kSeed) + "/meta-data", "instance-id: i-1\n");
        world_.write(std::string(kSeed) + "/user-data", "#cloud-config\n");
    }
    test::World world_{};
};

TEST_F(ReadDatasource, PrefersWhatTheCommandLineSays) {
    seed();
    EXPECT_EQ(read_datasource(world_.environment)->datasource, "nocloud");
    world_.write("/proc/1/cmdline", "/sbin/init ds=hetzner");
    EXPECT_EQ(read_datasource(world_.environment)->datasource, "hetzner");
}

TEST_F(ReadDatasource, NeverAsksANetworkThatItWasNotToldOf) {
    const auto metadata = read_datasource(world_.environment);
    ASSERT_FALSE(metadata.has_value());
    EXPECT_EQ(metadata.error().kind, ErrorKind::transient);
    world_.write("/sys/class/dmi/id/sys_vendor", "Hetzner\n"); // the host's, in a container
    EXPECT_FALSE(read_datasource(world_.environment).has_value());
}

TEST_F(ReadDatasource, KnowsAHetznerMachineByItsFirmware) {
    ASSERT_TRUE(files::remove_file(world_.environment.root.at("/run/systemd/container")));
    world_.write("/sys/class/dmi/id/sys_vendor", "Hetzner\n");
    world_.write("/sys/class/dmi/id/product_serial", "4711\n");
    EXPECT_EQ(read_datasource(world_.environment)->instance_id, "4711");
}

TEST_F(ReadDatasource, UsesOnlyWhatTheImageAllows) {
    seed();
    world_.write("/usr/lib/ingot/datasources", "# only these\nhetzner ec2 # here\n");
    EXPECT_FALSE(read_datasource(world_.environment).has_value());
    world_.write("/proc/1/cmdline", "/sbin/init ds=nocloud");
    const auto refused = read_datasource(world_.environment);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
    EXPECT_EQ(refused.error().message,
              "the command line asks for datasource nocloud, which this image does not allow "
              "(/usr/lib/ingot/datasources: hetzner ec2)");
}

TEST_F(ReadDatasource, SaysWhatItLookedAt) {
    ASSERT_TRUE(files::remove_file(world_.environment.root.at("/run/systemd/container")));
    world_.write("/sys/class/dmi/id/sys_vendor", "QEMU\n");
    EXPECT_EQ(
        read_datasource(world_.environment).error().message,
        "no metadata yet: looked at /var/lib/cloud/seed/nocloud, filesystems labelled cidata, filesystems labelled "
        "config-2; the firmware (QEMU) names no provider that this image may use");
}

} // namespace
} // namespace ingot::firstboot
