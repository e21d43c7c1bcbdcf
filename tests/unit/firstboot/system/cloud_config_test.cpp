#include "firstboot/system/cloud_config.hpp"

#include <gtest/gtest.h>

#include "common/json/json.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

class CloudConfigSteps : public testing::Test {
  protected:
    Status apply(const cloud_init::CloudConfig& config, const Metadata& metadata = {.hostname = "db-1.example.org"}) {
        for (const auto& step : cloud_config_steps(config, metadata, world_.environment)) {
            names_.push_back(step.name);
            INGOT_TRY(step.apply(), step.name);
        }
        return {};
    }
    test::World world_{};
    std::vector<std::string> names_{};
};

TEST_F(CloudConfigSteps, SetTheHostNameOfTheMetadata) {
    ASSERT_TRUE(apply({}));
    EXPECT_EQ(world_.read("/etc/hostname"), "db-1\n");
    EXPECT_EQ(names_, (std::vector<std::string>{"system.hostname"}));
}

TEST_F(CloudConfigSteps, GoUsersThenFilesThenCommands) {
    cloud_init::CloudConfig config;
    config.users = {{.name = "ann"}};
    config.write_files = {{.path = "/etc/a", .content = "1"}};
    config.runcmd = {"true"};
    world_.processes.answer = [](const process::Command& command) -> Result<process::Output> {
        return process::Output{.exit_code = command.argv.front() == "getent" ? 2 : 0};
    };
    ASSERT_TRUE(apply(config));
    EXPECT_EQ(names_,
              (std::vector<std::string>{"system.hostname", "system.users", "system.files", "system.command-1"}));
}

TEST_F(CloudConfigSteps, WriteFilesWithTheirModeAndAppendOnlyOnce) {
    cloud_init::CloudConfig config;
    config.write_files = {{.path = "/etc/deep/a", .content = "one\n", .permissions = 0600},
                          {.path = "/etc/b", .content = "two\n", .append = true}};
    world_.write("/etc/b", "one\n");
    for (int boot = 0; boot < 2; ++boot) { ASSERT_TRUE(apply(config)); }
    EXPECT_EQ(world_.read("/etc/deep/a"), "one\n");
    EXPECT_EQ(world_.read("/etc/b"), "one\ntwo\n");
    EXPECT_EQ(std::filesystem::status(world_.environment.root.at("/etc/deep/a")).permissions(),
              std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

TEST_F(CloudConfigSteps, OneFileThatCannotBeWrittenDoesNotKeepTheOthersBack) {
    cloud_init::CloudConfig config;
    config.write_files = {{.path = "/etc/file/below", .content = "1"}, {.path = "/etc/b", .content = "2"}};
    world_.write("/etc/file", "in the way");
    EXPECT_FALSE(apply(config).has_value());
    EXPECT_EQ(world_.read("/etc/b"), "2");
}

TEST_F(CloudConfigSteps, GoOnAfterACommandThatFailsAndRecordItsExitCode) {
    cloud_init::CloudConfig config;
    config.runcmd = {"false", std::vector<std::string>{"echo", "a b"}};
    world_.processes.answer = [](const process::Command& command) -> Result<process::Output> {
        return process::Output{.exit_code = command.argv.front() == "/bin/sh" ? 3 : 0};
    };
    ASSERT_TRUE(apply(config));
    EXPECT_EQ(world_.processes.ran, (std::vector<std::string>{"/bin/sh -c false", "echo a b"}));
    const auto record = json::parse(world_.read("/var/lib/ingot/runcmd.json")).value();
    EXPECT_EQ(json::number_at(json::member(record, "1"), "exit_code"), 3);
    EXPECT_EQ(json::number_at(json::member(record, "2"), "exit_code"), 0);
}

TEST_F(CloudConfigSteps, GiveRootTheKeysOfUserDataAndMetadata) {
    cloud_init::CloudConfig config;
    config.ssh_authorized_keys = {"ssh-rsa A"};
    world_.processes.answer = [](const process::Command&) -> Result<process::Output> {
        return process::Output{.out = "root:x:0:0:root:/root:/bin/bash\n"};
    };
    ASSERT_TRUE(apply(config, {.hostname = "x", .public_keys = {"ssh-rsa A", "ssh-rsa B"}}));
    EXPECT_EQ(world_.read("/root/.ssh/authorized_keys"), "ssh-rsa A\nssh-rsa B\n");
}

TEST_F(CloudConfigSteps, ASnapshotOfABootedMachineGetsNewHostKeys) {
    world_.write("/etc/ssh/ssh_host_ed25519_key", "old");
    world_.write("/etc/ssh/sshd_config", "keep");
    ASSERT_TRUE(new_host_keys_step(world_.environment).apply());
    EXPECT_EQ(world_.read("/etc/ssh/ssh_host_ed25519_key"), "<missing>");
    EXPECT_EQ(world_.read("/etc/ssh/sshd_config"), "keep");
    EXPECT_EQ(world_.services.calls, (std::vector<std::string>{"restart ssh.service"}));
}

} // namespace
} // namespace ingot::firstboot
