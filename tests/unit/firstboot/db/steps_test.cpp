#include <algorithm>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "firstboot/db/db.hpp"
#include "tests/unit/firstboot/db/sample.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot::db {
namespace {

class DbSteps : public ::testing::Test {
  protected:
    DbSteps() {
        world.write("/etc/ingot/pki/ca-db.crt", "db ca\n");
        world.write("/etc/ingot/pki/ca-proxy.crt", "proxy ca\n");
    }
    static Status apply_of(const std::vector<Step>& steps, std::string_view name) {
        const auto step = std::ranges::find(steps, name, &Step::name);
        return step == steps.end() ? fail(ErrorKind::bug, "no such step") : step->apply();
    }
    Status apply(std::string_view name) const { return apply_of(role.steps, name); }
    Status set_up(std::string_view name) {
        return apply_of(db_machine_steps(sample_node(), world.environment), name);
    }
    [[nodiscard]] mode_t mode_of(std::string_view path) const {
        struct stat status{};
        return ::stat(world.environment.root.at(path).c_str(), &status) == 0 ? status.st_mode & 07777U : 0U;
    }

    test::World world;
    Role role = make_db_role(sample_node(), world.environment);
};

TEST_F(DbSteps, LookForAPastBeforePatroniIsStarted) {
    std::vector<std::string> names;
    for (const auto& step : role.steps) { names.push_back(step.name); }
    EXPECT_EQ(names, (std::vector<std::string>{"db.wait-for-etcd", "db.configure", "db.announce", "db.claim",
                                               "db.start", "db.backup-server", "db.ready"}));
}

TEST_F(DbSteps, WriteConfigurationThatOthersCannotReadAndThatNamesWhoIsTrusted) {
    ASSERT_TRUE(apply("db.configure"));
    EXPECT_EQ(mode_of("/etc/patroni/config.yml"), 0640U);
    EXPECT_EQ(mode_of("/etc/pgbackrest/pgbackrest.conf"), 0640U);
    // Databases and proxies, and not the etcd nodes.
    EXPECT_EQ(world.read("/etc/patroni/ca-clients.crt"), "db ca\nproxy ca\n");
    EXPECT_TRUE(world.services.calls.empty());
}

TEST_F(DbSteps, MakeFoldersThatBelongToPostgresWhenTheMachineIsSetUp) {
    ASSERT_TRUE(set_up("db.folders"));
    EXPECT_EQ(mode_of("/var/lib/postgresql/17"), 0700U);
    EXPECT_EQ(mode_of("/var/lib/pgbackrest/orders-6f1c2d3e"), 0750U);
}

TEST_F(DbSteps, WhoIsTrustedFollowsARotationOfTheCas) {
    ASSERT_TRUE(apply("db.configure"));
    const auto duty = std::ranges::find(role.duties, "db.certificate", &Duty::name);
    ASSERT_NE(duty, role.duties.end());
    // A new CA is trusted beside the old one, and with it came a new certificate.
    world.write("/etc/ingot/pki/ca-db.crt", "db ca\nnext db ca\n");
    world.write("/etc/ingot/pki/node.crt", "another certificate\n");
    static_cast<void>(duty->run());
    EXPECT_EQ(world.read("/etc/patroni/ca-clients.crt"), "db ca\nnext db ca\nproxy ca\n");
    EXPECT_EQ(world.services.calls, std::vector<std::string>{"reload patroni.service"});
}

TEST_F(DbSteps, ReloadARunningPatroniOnlyWhenSomethingChanged) {
    world.services.states["patroni.service"] = "active";
    ASSERT_TRUE(apply("db.configure"));
    EXPECT_EQ(world.services.calls, std::vector<std::string>{"reload patroni.service"});
    ASSERT_TRUE(apply("db.configure"));
    EXPECT_EQ(world.services.calls.size(), 1U);
}

TEST_F(DbSteps, DemandTheWatchdogWhereThereIsOne) {
    ASSERT_TRUE(apply("db.configure"));
    EXPECT_NE(world.read("/etc/patroni/config.yml").find("mode: automatic"), std::string::npos);
    world.write("/dev/watchdog", "");
    ASSERT_TRUE(set_up("db.watchdog"));
    ASSERT_TRUE(apply("db.configure"));
    EXPECT_NE(world.read("/etc/patroni/config.yml").find("mode: required"), std::string::npos);
    ASSERT_TRUE(files::remove_file(world.environment.root.at("/dev/watchdog")));
    ASSERT_TRUE(set_up("db.watchdog"));
    ASSERT_TRUE(apply("db.configure"));
    EXPECT_NE(world.read("/etc/patroni/config.yml").find("mode: automatic"), std::string::npos);
}

TEST_F(DbSteps, DoNotLookIntoTheDataDirectoryWhilePatroniRuns) {
    world.write("/var/lib/postgresql/17/main/PG_VERSION", "17");
    world.services.states["patroni.service"] = "active";
    EXPECT_TRUE(apply("db.claim"));
    EXPECT_EQ(world.read("/var/lib/postgresql/17/main/PG_VERSION"), "17");
}

TEST_F(DbSteps, DoNothingToDataWhileEtcdDoesNotAnswer) {
    world.write("/var/lib/postgresql/17/main/PG_VERSION", "17");
    world.processes.answer = [](const process::Command&) -> Result<process::Output> {
        return process::Output{.out = "[]"};
    };
    const auto result = apply("db.claim");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::transient);
    EXPECT_EQ(world.read("/var/lib/postgresql/17/main/PG_VERSION"), "17");
}

TEST_F(DbSteps, FollowARenewedCertificate) {
    world.write("/etc/ingot/pki/node.crt", "first\n");
    const auto duty = std::ranges::find(role.duties, "db.certificate", &Duty::name);
    ASSERT_NE(duty, role.duties.end());
    ASSERT_TRUE(duty->run());
    ASSERT_TRUE(duty->run());
    EXPECT_EQ(world.services.calls.size(), 1U);
    world.write("/etc/ingot/pki/node.crt", "renewed\n");
    ASSERT_TRUE(duty->run());
    EXPECT_EQ(world.services.calls, (std::vector<std::string>{"reload patroni.service", "reload patroni.service"}));
    EXPECT_EQ(world.processes.given.back(), "SELECT pg_reload_conf();\n");
}

TEST_F(DbSteps, StartPatroniAgainWhenItIsNotRunning) {
    world.services.states["patroni.service"] = "failed";
    EXPECT_FALSE(apply("db.ready"));
    EXPECT_EQ(world.services.calls, std::vector<std::string>{"start patroni.service"});
}

TEST_F(DbSteps, AskSystemdOnceASecondWhileTheyWaitForPostgresql) {
    world.services.states["patroni.service"] = "failed";
    for (int turn = 0; turn < 2; ++turn) {
        EXPECT_FALSE(apply("db.ready"));
        world.services.states["patroni.service"] = "failed";
        EXPECT_FALSE(apply("db.ready"));
        EXPECT_EQ(world.services.calls.size(), turn + 1U);
        world.clock.advance(std::chrono::seconds(1));
    }
}

TEST_F(DbSteps, GiveANewClusterItsUsersBeforeAnyDutyBegins) {
    world.answers["https://10.0.0.21:8008/patroni"] = {.status = 200,
                                                       .body = R"({"state":"running","role":"primary"})"};
    world.answers["https://10.0.0.21:8008/primary"] = {
        .status = 200, .body = R"({"state":"running","role":"primary","database_system_identifier":"7"})"};
    for (const auto* const address : {"10.0.0.11", "10.0.0.12", "10.0.0.13"}) {
        for (const auto* const what : {"range", "put"}) {
            world.answers[text::format("https://{}:2379/v3/kv/{}", address, what)] = {.status = 200, .body = "{}"};
        }
    }
    ASSERT_TRUE(apply("db.ready"));
    ASSERT_EQ(world.processes.given.size(), 1U);
    EXPECT_NE(world.processes.given.front().find("CREATE ROLE"), std::string::npos);
    // It is done once.
    const auto duty = std::ranges::find(role.duties, "db.users-and-databases", &Duty::name);
    ASSERT_NE(duty, role.duties.end());
    ASSERT_TRUE(duty->run());
    EXPECT_EQ(world.processes.given.size(), 1U);
}

TEST_F(DbSteps, AreDoneWhenPostgresqlServesAndItsUsersCannotBeMadeYet) {
    world.answers["https://10.0.0.21:8008/patroni"] = {.status = 200,
                                                       .body = R"({"state":"running","role":"primary"})"};
    world.answers["https://10.0.0.21:8008/primary"] = {
        .status = 200, .body = R"({"state":"running","role":"primary","database_system_identifier":"7"})"};
    EXPECT_TRUE(apply("db.ready"));
    const auto duty = std::ranges::find(role.duties, "db.users-and-databases", &Duty::name);
    ASSERT_NE(duty, role.duties.end());
    EXPECT_FALSE(duty->run());
}

// What is read at the start needs no reload. A PostgreSQL that has a data directory may have outlived its Patroni.
TEST_F(DbSteps, ReloadACertificateThatADatabaseMayHaveReadBefore) {
    for (const bool is_new : {true, false}) {
        if (!is_new) { world.write("/var/lib/postgresql/17/main/PG_VERSION", "17"); }
        world.services.calls.clear();
        world.services.states.clear();
        world.write("/etc/ingot/pki/node.crt", "first\n");
        for (const auto* const address : {"10.0.0.11", "10.0.0.12", "10.0.0.13"}) {
            for (const auto* const what : {"range", "put"}) {
                world.answers[text::format("https://{}:2379/v3/kv/{}", address, what)] = {.status = 200,
                                                                                          .body = "{}"};
            }
        }
        auto begun = make_db_role(sample_node(), world.environment);
        ASSERT_TRUE(apply_of(begun.steps, "db.start"));
        const auto duty = std::ranges::find(begun.duties, "db.certificate", &Duty::name);
        ASSERT_NE(duty, begun.duties.end());
        ASSERT_TRUE(duty->run());
        EXPECT_EQ(std::ranges::count(world.services.calls, "reload patroni.service"), is_new ? 0 : 1);
        world.write("/etc/ingot/pki/node.crt", "renewed\n");
        ASSERT_TRUE(duty->run());
        EXPECT_EQ(std::ranges::count(world.services.calls, "reload patroni.service"), is_new ? 1 : 2);
    }
}

// The rules of the boot are asked again if PostgreSQL cannot be started, never while a copy is made: that has no
// pg_control either.
TEST_F(DbSteps, LeaveTheDataDirectoryToPatroniWhileItMakesACopy) {
    world.write("/var/lib/postgresql/17/main/PG_VERSION", "17");
    world.services.states["patroni.service"] = "active";
    const auto duty = std::ranges::find(role.duties, "db.serve", &Duty::name);
    ASSERT_NE(duty, role.duties.end());
    const auto said = [&](const std::string& state) {
        world.answers["https://10.0.0.21:8008/patroni"] = {.status = 503, .body = R"({"state":")" + state + R"("})"};
        std::string last;
        for (int turn = 0; turn < 3; ++turn) {
            const auto result = duty->run();
            EXPECT_FALSE(result);
            if (!result) { last = result.error().to_string(); }
            world.clock.advance(std::chrono::seconds(31));
        }
        return last;
    };
    EXPECT_EQ(said("creating replica"), "Patroni says: creating replica");
    EXPECT_NE(said("start failed").find("etcd"), std::string::npos); // it would ask, and is not answered
    EXPECT_EQ(world.read("/var/lib/postgresql/17/main/PG_VERSION"), "17");
    EXPECT_TRUE(world.services.calls.empty());
}

} // namespace
} // namespace ingot::firstboot::db
