#include "firstboot/system/disks.hpp"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

class RealDisks : public testing::Test {
  protected:
    /// A new volume: nothing but zeros.
    void add_device(const std::string& name) {
        world_.write(name, "");
        std::filesystem::resize_file(path(name), std::uintmax_t{64} << 20U);
    }
    [[nodiscard]] std::filesystem::path path(const std::string& name) const {
        return world_.environment.root.at(name);
    }
    [[nodiscard]] std::string digest(const std::string& name) const {
        return crypto::sha256_file(path(name)).value();
    }
    std::string blkid(const std::string& name) {
        return processes_.run({.argv = {"blkid", "--probe", "--output", "export", path(name).string()}}).value().out;
    }
    void apply(const cloud_init::MachineConfig& config) {
        Environment environment{.root = world_.environment.root,
                                .processes = processes_,
                                .services = world_.services,
                                .clock = world_.clock,
                                .make_http = world_.environment.make_http};
        for (const auto& step : disk_steps(config, environment)) {
            const auto result = step.apply();
            EXPECT_TRUE(result.has_value()) << result.error().to_string();
        }
    }
    test::World world_{};
    process::PosixProcesses processes_{};
};

TEST_F(RealDisks, AreSetUpOnceAndNeverAgain) {
    add_device("/dev/sdb");
    add_device("/dev/sdc");
    cloud_init::MachineConfig config;
    config.disks = {{.device = "/dev/sdb", .percents = {25, 75}}};
    config.filesystems = {{.device = "/dev/sdc", .type = "ext4", .label = "data"}};
    apply(config);
    EXPECT_NE(blkid("/dev/sdb").find("PTTYPE=gpt"), std::string::npos) << blkid("/dev/sdb");
    EXPECT_NE(blkid("/dev/sdc").find("LABEL=data"), std::string::npos) << blkid("/dev/sdc");
    const auto table = digest("/dev/sdb");
    const auto filesystem = digest("/dev/sdc");
    // The same again, and then something else: what is there stays, to the last byte.
    apply(config);
    config.disks = {{.device = "/dev/sdb", .gpt = false}, {.device = "/dev/sdc"}};
    config.filesystems = {{.device = "/dev/sdb", .type = "ext4"},
                          {.device = "/dev/sdc", .type = "ext4", .label = "other"}};
    apply(config);
    EXPECT_EQ(digest("/dev/sdb"), table);
    EXPECT_EQ(digest("/dev/sdc"), filesystem);
}

TEST_F(RealDisks, WithRawDataAreLeftAsTheyAre) {
    add_device("/dev/sdb");
    {
        std::fstream device(path("/dev/sdb"), std::ios::in | std::ios::out | std::ios::binary);
        device.seekp(300'000).write("data of a kind that blkid does not know", 39);
    }
    EXPECT_EQ(blkid("/dev/sdb"), "");
    const auto before = digest("/dev/sdb");
    cloud_init::MachineConfig config;
    config.disks = {{.device = "/dev/sdb"}};
    config.filesystems = {{.device = "/dev/sdb", .type = "ext4"}};
    apply(config);
    EXPECT_EQ(digest("/dev/sdb"), before);
}

} // namespace
} // namespace ingot::firstboot
