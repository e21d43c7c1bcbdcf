#include <algorithm>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "firstboot/backup/render.hpp"
#include "firstboot/backuphost/backuphost.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot::backup {
namespace {

NodeSpec host() {
    NodeSpec node{.name = "backup-1",
                  .instance_id = "i-1",
                  .address = "10.0.0.41",
                  .config = {.cluster = "orders",
                             .cluster_id = "6f1c2d3e-0000-4000-8000-000000000000",
                             .role = cloud_init::Role::backup,
                             .network = "10.0.0.0/24"}};
    node.config.etcd.founders = {{"etcd-1", "10.0.0.11"}};
    node.config.backup.repositories = {
        {.path = "/var/lib/pgbackrest", .store = cloud_init::HostStore{.address = "10.0.0.41"}}};
    return node;
}

TEST(BackupHost, WritesItsConfigurationBeforeAnythingElse) {
    test::World world;
    const auto role = make_backup_role(host(), world.environment);
    ASSERT_EQ(role.steps.front().name, "backup.configure");
    ASSERT_TRUE(role.steps.front().apply());
    struct stat status{};
    ASSERT_EQ(::stat(world.environment.root.at(kConfigFile).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0640U);
    EXPECT_TRUE(world.services.calls.empty());
}

TEST(BackupHost, MakesTheRepositorysFolderWhenTheMachineIsSetUp) {
    test::World world;
    for (const auto& step : backup_machine_steps(host(), world.environment)) { ASSERT_TRUE(step.apply()); }
    struct stat status{};
    ASSERT_EQ(::stat(world.environment.root.at("/var/lib/pgbackrest/orders-6f1c2d3e").c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0750U);
}

TEST(BackupHost, RefusesUserDataInWhichItIsNot) {
    test::World world;
    auto node = host();
    node.address = "10.0.0.42";
    const auto role = make_backup_role(node, world.environment);
    const auto applied = role.steps.front().apply();
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().kind, ErrorKind::invalid_input);
}

TEST(BackupHost, StartsNothingWhileEtcdDoesNotAnswer) {
    test::World world;
    const auto role = make_backup_role(host(), world.environment);
    const auto start = std::ranges::find(role.steps, "backup.start", &Step::name);
    ASSERT_NE(start, role.steps.end());
    EXPECT_FALSE(start->apply());
    EXPECT_TRUE(world.services.calls.empty());
}

} // namespace
} // namespace ingot::firstboot::backup
