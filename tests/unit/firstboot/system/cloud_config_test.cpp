#include "firstboot/system/cloud_config.hpp"

#include <gtest/gtest.h>

#include "common/json/json.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

class CloudConfigSteps : public testing::Test {
  protected:
    // Nothing to grow in a container; growth has tests of its own.
    void SetUp() override { world_.write("/run/systemd/container", "systemd-nspawn\n"); }
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

TEST_F(CloudConfigSteps, DoNotRunACommandAgainWhoseResultIsThereOrThatRanInThisBoot) {
    cloud_init::UserData user_data;
    user_data.cloud_config.runcmd = {"once"};
    user_data.cloud_config.bootcmd = {"each boot"};
    const auto nothing_to_do = [&](const std::string& instance) {
        std::vector<bool> answers;
        for (const auto& step : cloud_config_steps(user_data, {.instance_id = instance}, world_.environment)) {
            if (step.check) { answers.push_back(step.check().value()); }
        }
        return answers;
    };
    EXPECT_EQ(nothing_to_do("i-1"), (std::vector<bool>{false, false}));
    ASSERT_TRUE(apply_all(cloud_config_steps(user_data, {.instance_id = "i-1"}, world_.environment)));
    EXPECT_EQ(nothing_to_do("i-1"), (std::vector<bool>{true, true}));
    EXPECT_EQ(nothing_to_do("i-2"), (std::vector<bool>{true, false})) << "a copy runs its own";
    ASSERT_TRUE(files::remove_tree(world_.environment.root.at("/run/ingot")));
    EXPECT_EQ(nothing_to_do("i-1"), (std::vector<bool>{false, true})) << "another boot";
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
