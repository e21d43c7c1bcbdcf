#include "firstboot/db/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/firstboot/db/sample.hpp"

namespace ingot::firstboot::db {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

cloud_init::PostgresConfig sample() {
    cloud_init::PostgresConfig postgres;
    postgres.parameters = {{"Work_Mem", "8MB"}};
    postgres.databases = {{.name = "app", .owner = "app", .extensions = {"pg_trgm"}}};
    postgres.users = {{.name = "app", .password_verifier = "SCRAM-SHA-256$4096:secret"}};
    return postgres;
}

TEST(Settings, HoldNoSecret) { EXPECT_EQ(settings_of(sample()).dump().find("secret"), std::string::npos); }

TEST(Settings, ThatAreTheSameAreNoDifference) {
    EXPECT_THAT(differences(settings_of(sample()), settings_of(sample())), IsEmpty());
    auto other = sample();
    other.parameters = {{"work_mem", "8MB"}};
    other.users.front().password_verifier = "SCRAM-SHA-256$4096:other";
    EXPECT_THAT(differences(settings_of(sample()), settings_of(other)), IsEmpty());
}

TEST(Settings, ThatDifferAreNamed) {
    auto other = sample();
    other.synchronous = cloud_init::Synchronous::strict;
    other.parameters = {{"work_mem", "4MB"}, {"jit", "on"}};
    other.databases.push_back({.name = "billing"});
    EXPECT_THAT(
        differences(settings_of(sample()), settings_of(other)),
        ElementsAre(
            "synchronous is off here and strict in the cluster",
            "parameters.work_mem is 8MB here and 4MB in the cluster",
            "parameters.jit is not set here and on in the cluster",
            "databases.billing is not set here and {\"owner\":\"postgres\",\"extensions\":[]} in the cluster"));
}

TEST(Settings, OfOneMachineAreNotForcedUponAll) {
    auto node = sample_node();
    node.config.postgres.synchronous = cloud_init::Synchronous::quorum;
    const Machine machine{.memory_bytes = 8ULL << 30U, .cpus = 4};
    auto patch = shared_patch(node, machine, {});
    EXPECT_EQ(patch["ttl"], 20);
    EXPECT_EQ(patch["primary_stop_timeout"], 30);
    EXPECT_EQ(patch["synchronous_mode"], "quorum");
    EXPECT_FALSE(patch["postgresql"]["parameters"].contains("max_connections"));
    EXPECT_EQ(patch["postgresql"]["parameters"]["archive_mode"], "on");
    node.config.postgres.parameters = {{"max_connections", "300"}};
    EXPECT_EQ(shared_patch(node, machine, {})["postgresql"]["parameters"]["max_connections"], "300");
}

TEST(Settings, ThatAreNoLongerAskedForGo) {
    const Machine machine{.memory_bytes = 8ULL << 30U, .cpus = 4};
    const json::Json before{{"parameters", {{"work_mem", "8MB"}, {"jit", "on"}, {"max_connections", 300}}}};
    const auto parameters = shared_patch(sample_node(), machine, before)["postgresql"]["parameters"];
    EXPECT_TRUE(parameters.at("work_mem").is_null());
    // What Ingot sets itself has its own value again, and never none.
    EXPECT_EQ(parameters.at("jit"), "off");
    EXPECT_EQ(parameters.at("max_connections"), "409");
}

} // namespace
} // namespace ingot::firstboot::db
