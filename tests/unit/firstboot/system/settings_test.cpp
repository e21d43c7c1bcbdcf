#include "firstboot/system/settings.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

TEST(Hosts, HaveTheMachinesNameOnceAndKeepTheRest) {
    EXPECT_EQ(render_hosts("127.0.0.1 localhost\n127.0.1.1 old\n127.0.1.1 older\n10.0.0.1 x\n", "db-1",
                           "db-1.example", false),
              "127.0.0.1 localhost\n127.0.1.1 db-1.example db-1\n10.0.0.1 x\n");
    EXPECT_EQ(render_hosts("127.0.1.10 other\n", "db-1", "db-1", false), "127.0.1.10 other\n127.0.1.1 db-1\n");
    EXPECT_NE(render_hosts("x\n", "db-1", "", true).find("127.0.0.1 localhost\n"), std::string::npos);
}

TEST(AptSource, NamesItsKeyring) {
    EXPECT_EQ(render_apt_source({.file = "x", .source = "deb http://a stable main"}, "/k.asc"),
              "deb [signed-by=/k.asc] http://a stable main\n");
    EXPECT_EQ(render_apt_source({.file = "x", .source = "deb [arch=amd64] http://a stable main"}, "/k.asc"),
              "deb [signed-by=/k.asc arch=amd64] http://a stable main\n");
    EXPECT_EQ(render_apt_source({.file = "x", .source = "deb http://a stable main"}, ""),
              "deb http://a stable main\n");
}

class Settings : public testing::Test {
  protected:
    void apply(const std::vector<Step>& steps) {
        for (const auto& step : steps) { EXPECT_TRUE(step.apply().has_value()) << step.name; }
    }
    test::World world_{};
};

TEST_F(Settings, OfTimeAreWrittenOnce) {
    cloud_init::MachineConfig config;
    config.ntp = cloud_init::Ntp{.servers = {"10.0.0.1"}, .pools = {"pool.example"}};
    config.locale = "C.UTF-8";
    apply(settings_steps(config, world_.environment));
    apply(settings_steps(config, world_.environment));
    EXPECT_EQ(world_.read("/etc/systemd/timesyncd.conf.d/60-ingot-user-data.conf"),
              "# Written by ingot-agent from the user-data.\n[Time]\nNTP=10.0.0.1 pool.example\n");
    EXPECT_EQ(world_.read("/etc/default/locale"), "LANG=C.UTF-8\n");
    EXPECT_EQ(world_.services.calls, std::vector<std::string>{"restart systemd-timesyncd.service"});
}

TEST_F(Settings, ThatCannotBeMadeDoNotHoldUpTheNode) {
    cloud_init::MachineConfig config;
    config.timezone = "Europe/Nowhere";
    config.packages = {"htop"};
    world_.processes.answer = [](const process::Command&) -> Result<process::Output> {
        return process::Output{.exit_code = 100, .err = "no network"};
    };
    apply(settings_steps(config, world_.environment));
    apply(package_steps(config, world_.environment));
    EXPECT_EQ(world_.read("/etc/timezone"), "<missing>");
}

TEST_F(Settings, OfPasswordsGoByStandardInput) {
    cloud_init::MachineConfig config;
    config.passwords = {{.user = "ann", .hash = "$y$abc"}};
    config.ssh_pwauth = false;
    apply(access_steps(config, world_.environment));
    EXPECT_EQ(world_.processes.ran, (std::vector<std::string>{"chpasswd --encrypted", "chage --lastday 0 -- ann"}));
    EXPECT_EQ(world_.processes.given.front(), "ann:$y$abc\n");
    EXPECT_EQ(world_.read("/etc/ssh/sshd_config.d/40-ingot-user-data.conf"),
              "# Written by ingot-agent from the user-data.\nPasswordAuthentication no\n");
}

TEST_F(Settings, InstallPackagesWithoutAsking) {
    cloud_init::MachineConfig config;
    config.packages = {"htop", "tmux=3.3a-3"};
    apply(package_steps(config, world_.environment));
    ASSERT_EQ(world_.processes.ran.size(), 2U);
    EXPECT_TRUE(world_.processes.ran[1].ends_with(" install -- htop tmux=3.3a-3")) << world_.processes.ran[1];
}

} // namespace
} // namespace ingot::firstboot
