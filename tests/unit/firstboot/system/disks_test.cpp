#include "firstboot/system/disks.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

TEST(DeviceContent, IsEmptyOnlyIfBlkidLookedAndFoundNothing) {
    EXPECT_TRUE(device_content(2, "").empty);
    EXPECT_FALSE(device_content(0, "").empty);
    EXPECT_FALSE(device_content(2, "TYPE=ext4\n").empty);
    EXPECT_FALSE(device_content(4, "").empty); // usage or other errors
    EXPECT_FALSE(device_content(8, "").empty); // ambivalent: more than one thing was found
    const auto content = device_content(0, "DEVNAME=/dev/sdb\nTYPE=ext4\nLABEL=data\nPTTYPE=gpt\n");
    EXPECT_EQ(content.type, "ext4");
    EXPECT_EQ(content.label, "data");
    EXPECT_EQ(content.table, "gpt");
}

TEST(Fstab, KeepsLinesOfOthersAndReplacesItsOwn) {
    const auto first =
        render_fstab("/dev/sda1 / ext4 defaults 0 1\n",
                     {{.device = "/dev/sdb1", .point = "/srv", .type = "ext4", .options = "defaults"}});
    EXPECT_EQ(first, "/dev/sda1 / ext4 defaults 0 1\n/dev/sdb1 /srv ext4 defaults,x-ingot 0 2\n");
    EXPECT_EQ(render_fstab(first, {}), "/dev/sda1 / ext4 defaults 0 1\n");
}

TEST(Partitions, TakeTheirSharesOfTheDevice) {
    constexpr std::uint64_t kBytes = 1000ULL << 20U;
    EXPECT_EQ(render_sfdisk({.device = "/dev/sdb"}, kBytes), "label: gpt\nsize=+, type=linux\n");
    EXPECT_EQ(render_sfdisk({.device = "/dev/sdb", .gpt = false, .percents = {25, 75}}, kBytes),
              "label: dos\nsize=250MiB, type=linux\nsize=+, type=linux\n");
    EXPECT_EQ(render_sfdisk({.device = "/dev/sdb", .percents = {20, 30}}, kBytes),
              "label: gpt\nsize=200MiB, type=linux\nsize=300MiB, type=linux\n");
}

class Disks : public testing::Test {
  protected:
    void SetUp() override {
        world_.write("/dev/sdb", "");
        world_.write("/dev/sdb1", "");
        config_.disks = {{.device = "/dev/sdb"}};
        config_.filesystems = {{.device = "/dev/sdb1", .type = "ext4", .label = "data"}};
    }
    void blkid_says(int exit_code, std::string output) {
        world_.processes.answer = [=](const process::Command& command) -> Result<process::Output> {
            if (command.argv.front() == "blkid") { return process::Output{.exit_code = exit_code, .out = output}; }
            return process::Output{};
        };
    }
    void apply() {
        for (const auto& step : disk_steps(config_, world_.environment)) { EXPECT_TRUE(step.apply().has_value()); }
    }
    [[nodiscard]] std::ptrdiff_t count(std::string_view program) const {
        return std::ranges::count_if(world_.processes.ran,
                                     [&](const auto& line) { return line.starts_with(program); });
    }
    test::World world_{};
    cloud_init::MachineConfig config_{};
};

TEST_F(Disks, ThatHoldNothingAreSetUp) {
    blkid_says(2, "");
    apply();
    EXPECT_EQ(count("sfdisk"), 1);
    EXPECT_EQ(count("mkfs.ext4 -q -L data"), 1);
}

TEST_F(Disks, ThatHoldAnythingAreLeftAlone) {
    for (const auto& [code, output] : {std::pair{0, "TYPE=xfs\n"}, std::pair{0, "PTTYPE=dos\n"}, std::pair{8, ""},
                                       std::pair{4, ""}, std::pair{0, "TYPE=ext4\nLABEL=data\n"}}) {
        blkid_says(code, output);
        apply();
    }
    EXPECT_EQ(count("sfdisk"), 0);
    EXPECT_EQ(count("mkfs"), 0);
}

TEST_F(Disks, WithDataThatNobodyKnowsAreLeftAlone) {
    world_.write("/dev/sdb", std::string(5000, '\0') + "x");
    world_.write("/dev/sdb1", "y");
    blkid_says(2, "");
    apply();
    EXPECT_EQ(count("sfdisk"), 0);
    EXPECT_EQ(count("mkfs"), 0);
}

TEST_F(Disks, ThatCannotBeReadAreWaitedForAndNotTakenForEmpty) {
    world_.processes.answer = [](const process::Command&) -> Result<process::Output> {
        return process::Output{.exit_code = 2, .err = "blkid: error: /dev/sdb: Input/output error\n"};
    };
    for (const auto& step : disk_steps(config_, world_.environment)) {
        const auto result = step.apply();
        ASSERT_FALSE(result.has_value());
        EXPECT_EQ(result.error().kind, ErrorKind::transient);
    }
    EXPECT_EQ(count("sfdisk"), 0);
    EXPECT_EQ(count("mkfs"), 0);
}

TEST_F(Disks, ThatAreNotThereYetAreWaitedFor) {
    config_.disks = {{.device = "/dev/sdz"}};
    const auto steps = disk_steps(config_, world_.environment);
    EXPECT_EQ(steps.front().apply().error().kind, ErrorKind::transient);
}

TEST_F(Disks, AreNotMountedOverFiles) {
    world_.write("/srv/precious", "data");
    config_ = {};
    config_.mounts = {{.device = "/dev/sdb1", .point = "/srv", .options = "defaults"}};
    world_.processes.answer = [](const process::Command& command) -> Result<process::Output> {
        return process::Output{.exit_code = command.argv.front() == "findmnt" ? 1 : 0};
    };
    const auto refused = disk_steps(config_, world_.environment).front().apply();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
    EXPECT_EQ(count("mount"), 0);
}

} // namespace
} // namespace ingot::firstboot
