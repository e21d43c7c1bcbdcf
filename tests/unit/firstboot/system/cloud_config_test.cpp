#include "firstboot/system/cloud_config.hpp"

#include <gtest/gtest.h>

#include "common/json/json.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

class CloudConfigSteps : public testing::Test {
  protected:
    Status apply(const cloud_init::CloudConfig& config, const Metadata& metadata = {.hostname = "db-1.example.org"}) {
        cloud_init::UserData user_data;
        user_data.cloud_config = config;
        return apply_all(cloud_config_steps(user_data, metadata, world_.environment));
    }
    Status apply_all(const std::vector<Step>& steps) {
        for (const auto& step : steps) {
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

TEST_F(CloudConfigSteps, GiveAClonedMachineAnIdOfItsOwn) {
    world_.write("/etc/machine-id", "0123456789abcdef0123456789abcdef\n");
    ASSERT_TRUE(new_machine_id_step(world_.environment).apply());
    const auto id = world_.read("/etc/machine-id");
    EXPECT_EQ(id.size(), 33U);
    EXPECT_NE(id, "0123456789abcdef0123456789abcdef\n");
}

TEST_F(CloudConfigSteps, RunScriptsByTheNamesOfTheirFilesWithRuncmdAmongThem) {
    cloud_init::UserData user_data;
    user_data.cloud_config.runcmd = {"one", "two"};
    user_data.cloud_config.bootcmd = {"early"};
    using When = cloud_init::Script::When;
    user_data.scripts = {{.when = When::per_instance, .name = "z.sh", .content = "#!/bin/sh\n"},
                         {.when = When::per_instance, .name = "part-001", .content = "#!/bin/sh\n"},
                         {.when = When::per_boot, .name = "boot.sh", .content = "#!/bin/sh\n"},
                         {.when = When::per_instance, .name = "their.sh", .content = "#!/bin/sh\n", .vendor = true},
                         {.when = When::boothook, .name = "hook", .content = "#cloud-boothook\n#!/bin/sh\ntrue\n"}};
    const Metadata metadata{.instance_id = "i-1", .hostname = "db-1"};
    world_.processes.answer = [](const process::Command& command) -> Result<process::Output> {
        EXPECT_EQ(command.environment.at("INSTANCE_ID"), "i-1");
        return process::Output{.exit_code = command.argv.back() == "two" ? 3 : 0};
    };
    ASSERT_TRUE(apply_all(cloud_config_steps(user_data, metadata, world_.environment)));
    EXPECT_EQ(names_, (std::vector<std::string>{"system.hostname", "system.script-hook", "system.bootcmd-1",
                                                "system.script-vendor-their.sh", "system.script-boot.sh",
                                                "system.script-part-001", "system.command-1", "system.command-2",
                                                "system.script-z.sh"}));
    EXPECT_EQ(world_.read("/var/lib/ingot/scripts/hook"), "#!/bin/sh\ntrue\n");
    const auto results = json::parse(world_.read("/var/lib/ingot/runcmd.json")).value();
    EXPECT_EQ(results["2"]["exit_code"], 3);
    EXPECT_EQ(results["z.sh"]["exit_code"], 0);
}

} // namespace
} // namespace ingot::firstboot
