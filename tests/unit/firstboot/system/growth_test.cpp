#include "firstboot/system/growth.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

std::vector<std::string> ran(const cloud_init::Growth& growth, test::World& world) {
    for (const auto& step : growth_steps(growth, world.environment)) { EXPECT_TRUE(step.apply().has_value()); }
    return world.processes.ran;
}

TEST(Growth, IsOfThePartitionThenOfWhatIsOnIt) {
    test::World world;
    EXPECT_EQ(ran({}, world),
              (std::vector<std::string>{"systemd-repart --dry-run=no --definitions=/usr/lib/ingot/repart.d",
                                        "/usr/lib/systemd/systemd-growfs /"}));
}

TEST(Growth, IsLeftOutWhereTheUserDataSaysSo) {
    test::World world;
    EXPECT_EQ(ran({.partition = false}, world), (std::vector<std::string>{"/usr/lib/systemd/systemd-growfs /"}));
    EXPECT_TRUE(growth_steps({.partition = false, .filesystem = false}, world.environment).empty());
}

TEST(Growth, IsNotForAContainerNorForARootInRam) {
    test::World in_ram;
    in_ram.write("/proc/cmdline", "quiet ingot.root=http://x/root.squashfs\n");
    EXPECT_TRUE(growth_steps({}, in_ram.environment).empty());
    test::World container;
    container.write("/run/systemd/container", "systemd-nspawn\n");
    EXPECT_TRUE(growth_steps({}, container.environment).empty());
}

TEST(Growth, ThatFailsDoesNotHoldUpTheNode) {
    test::World world;
    world.processes.answer = [](const process::Command&) -> Result<process::Output> {
        return process::Output{.exit_code = 1, .err = "no free area"};
    };
    EXPECT_EQ(ran({}, world).size(), 2U);
}

} // namespace
} // namespace ingot::firstboot
