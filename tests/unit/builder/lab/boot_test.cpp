#include "builder/lab/model/boot.hpp"

#include <algorithm>

#include <gtest/gtest.h>

using namespace ingot::builder::lab;

namespace {

BootPlan plan() {
    return {.member = {.name = "db-1", .role = Role::db, .address = "10.0.0.21", .machine_id = "0f5"},
            .root = "/world/db-1",
            .netns = "/run/netns/db-1"};
}

} // namespace

TEST(BootCommand, PutsTheDatasourceAndTheMemoryOnTheMachinesCommandLine) {
    auto with_memory = plan();
    with_memory.memory_mib = 2048;
    const auto argv = boot_command(with_memory);
    const auto boot = std::ranges::find(argv, "-b");
    EXPECT_EQ(std::vector<std::string>(boot, argv.end()),
              (std::vector<std::string>{"-b", "ds=hetzner", "ingot.memory_mib=2048"}));
}

TEST(BootCommand, KeepsTheHostsSystemdOutOfIt) {
    const auto argv = boot_command(plan());
    EXPECT_EQ(argv.front(), "systemd-nspawn");
    for (const auto* option :
         {"--register=no", "--keep-unit", "--link-journal=no", "--resolv-conf=off", "--timezone=off",
          "--network-namespace-path=/run/netns/db-1", "--directory=/world/db-1", "--uuid=0f5"}) {
        EXPECT_NE(std::ranges::find(argv, option), argv.end()) << option;
    }
    EXPECT_EQ(argv.back(), "ds=hetzner");
}

TEST(BootCommand, BindsSharedFolders) {
    auto shared = plan();
    shared.binds.emplace_back("/state/repository", "/var/lib/pgbackrest");
    const auto argv = boot_command(shared);
    EXPECT_NE(std::ranges::find(argv, "--bind=/state/repository:/var/lib/pgbackrest"), argv.end());
}
