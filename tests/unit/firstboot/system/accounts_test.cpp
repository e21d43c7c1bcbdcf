#include "firstboot/system/accounts.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

TEST(AuthorizedKeys, AreAddedBesideThoseThatAreThere) {
    EXPECT_EQ(with_authorized_keys("", {"ssh-rsa A"}), "ssh-rsa A\n");
    EXPECT_EQ(with_authorized_keys("ssh-rsa A", {"ssh-rsa A", " ssh-rsa B "}), "ssh-rsa A\nssh-rsa B\n");
    EXPECT_EQ(with_authorized_keys("# mine\nssh-rsa A\n", {"ssh-rsa A", "", "ssh-rsa A"}), "# mine\nssh-rsa A\n");
}

TEST(Sudoers, HasOneLinePerRule) {
    cloud_init::User ann{.name = "ann"};
    ann.sudo = {"ALL=(ALL) NOPASSWD:ALL", "/usr/bin/true"};
    EXPECT_EQ(render_sudoers({ann, {.name = "bob"}}), "# Written by ingot-agent from the user-data.\n"
                                                      "ann ALL=(ALL) NOPASSWD:ALL\nann /usr/bin/true\n");
    EXPECT_EQ(render_sudoers({{.name = "bob"}}), "");
}

class Accounts : public testing::Test {
  protected:
    /// Users with these names exist, at home in /home/<name>.
    void existing(std::vector<std::string> names) {
        world_.processes.answer =
            [names = std::move(names)](const process::Command& command) mutable -> Result<process::Output> {
            const auto& argv = command.argv;
            if (argv.front() == "useradd") { names.push_back(argv.back()); }
            if (argv.front() != "getent") { return process::Output{}; }
            if (std::ranges::find(names, argv.back()) == names.end()) { return process::Output{.exit_code = 2}; }
            return process::Output{.out = text::format("{0}:x:1000:1000::/home/{0}:/bin/sh\n", argv.back())};
        };
    }
    [[nodiscard]] bool ran(std::string_view start) const {
        return std::ranges::any_of(world_.processes.ran,
                                   [start](const auto& line) { return line.starts_with(start); });
    }
    test::World world_{};
};

TEST_F(Accounts, MakesAUserWithGroupsAndKeys) {
    existing({});
    cloud_init::User user{.name = "ann", .gecos = "Ann", .groups = {"adm", "dba"}};
    user.ssh_authorized_keys = {"ssh-rsa A"};
    const auto status = apply_user(world_.environment, user);
    ASSERT_TRUE(status.has_value()) << status.error().to_string();
    EXPECT_TRUE(ran("groupadd --force -- dba"));
    EXPECT_TRUE(ran("useradd --create-home --user-group --shell /bin/bash --groups adm,dba --comment Ann -- ann"));
    EXPECT_FALSE(ran("usermod --lock")); // useradd makes it locked
    EXPECT_EQ(world_.read("/home/ann/.ssh/authorized_keys"), "ssh-rsa A\n");
}

TEST_F(Accounts, LocksWhoeverMayHaveAPassword) {
    existing({"bob"});
    ASSERT_TRUE(apply_user(world_.environment, {.name = "ann", .hashed_password = "$6$secret"}));
    EXPECT_TRUE(ran("usermod --lock -- ann"));
    ASSERT_TRUE(apply_user(world_.environment, {.name = "bob"}));
    EXPECT_TRUE(ran("usermod --lock -- bob"));
}

TEST_F(Accounts, MakesOnlyGroupsThatTheMachineHasNot) {
    existing({});
    world_.write("/etc/group", "root:x:0:\nadm:x:4:\nsudoers:x:27:\n");
    ASSERT_TRUE(apply_user(world_.environment, {.name = "ann", .primary_group = "dba", .groups = {"adm", "sudo"}}));
    EXPECT_FALSE(ran("groupadd --force -- adm"));
    EXPECT_TRUE(ran("groupadd --force -- sudo")); // sudoers is another one
    EXPECT_TRUE(ran("groupadd --force -- dba"));
}

TEST_F(Accounts, AdaptsAUserThatExists) {
    existing({"ann"});
    cloud_init::User user{.name = "ann", .shell = "/bin/sh", .groups = {"adm"}};
    ASSERT_TRUE(apply_user(world_.environment, user));
    EXPECT_FALSE(ran("useradd"));
    EXPECT_TRUE(ran("usermod --append --groups adm --shell /bin/sh -- ann"));
}

TEST_F(Accounts, GivesAPasswordByStandardInputOnly) {
    existing({"ann"});
    cloud_init::User user{.name = "ann", .hashed_password = "$6$secret", .lock_password = false};
    ASSERT_TRUE(apply_user(world_.environment, user));
    EXPECT_TRUE(ran("chpasswd --encrypted"));
    EXPECT_FALSE(ran("usermod --lock"));
    for (const auto& line : world_.processes.ran) { EXPECT_EQ(line.find("secret"), std::string::npos); }
    EXPECT_NE(std::ranges::find(world_.processes.given, "ann:$6$secret\n"), world_.processes.given.end());
}

TEST_F(Accounts, KeysForNobodyAreAFault) {
    existing({});
    EXPECT_EQ(authorize_keys(world_.environment, "ann", {"ssh-rsa A"}).error().kind, ErrorKind::invalid_input);
}

TEST_F(Accounts, ABrokenSudoRuleIsNotWritten) {
    world_.processes.answer = [](const process::Command& command) -> Result<process::Output> {
        return process::Output{.exit_code = command.argv.front() == "visudo" ? 1 : 0, .err = "syntax error"};
    };
    cloud_init::User user{.name = "ann"};
    user.sudo = {"ALL = = nonsense"};
    EXPECT_EQ(apply_sudo(world_.environment, {user}).error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(world_.read("/etc/sudoers.d/90-ingot-users"), "<missing>");
}

} // namespace
} // namespace ingot::firstboot
