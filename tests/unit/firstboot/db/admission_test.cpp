#include "firstboot/db/admission.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/db/sample.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot::db {
namespace {

using namespace std::chrono_literals;

class AdmissionTest : public ::testing::Test {
  protected:
    AdmissionTest() {
        database.node.config.backup.repositories = {
            {.name = "here", .path = "/var/lib/pgbackrest"},
            {.name = "host", .path = "/pg", .store = cloud_init::HostStore{.address = "10.0.0.41"}}};
        world.processes.answer = [this](const process::Command&) -> Result<process::Output> {
            return process::Output{.out = said};
        };
    }

    /// As pgBackRest 2.54 says it, for the host's repository.
    static std::string refusal(std::string_view message) {
        return text::format(R"([{{"name":"orders","repo":[{{"key":2,"status":{{"code":99,"message":"{}"}}}}]}}])",
                            message);
    }

    test::World world;
    Database database{.node = sample_node(), .environment = world.environment};
    std::string said = refusal("[AccessError] raised from remote-0 tls protocol on '10.0.0.41': access denied");
    Admission admission;
};

TEST_F(AdmissionTest, IsWaitedForUntilTheHostKnowsTheNode) {
    const auto first = admission.await(database);
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().kind, ErrorKind::transient);
    EXPECT_NE(first.error().message.find("10.0.0.41"), std::string::npos) << first.error().message;
    ASSERT_EQ(world.processes.ran.size(), 1U) << "only backup hosts are asked";
    EXPECT_NE(world.processes.ran.front().find("--repo=2"), std::string::npos) << world.processes.ran.front();
    said = R"([{"name":"orders","repo":[{"key":2,"status":{"code":0,"message":"ok"}}]}])";
    EXPECT_TRUE(admission.await(database));
    EXPECT_TRUE(admission.await(database));
    EXPECT_EQ(world.processes.ran.size(), 2U) << "and not again";
}

TEST_F(AdmissionTest, IsNotWaitedForForEver) {
    EXPECT_FALSE(admission.await(database));
    world.clock.advance(14s);
    EXPECT_FALSE(admission.await(database));
    world.clock.advance(1s);
    EXPECT_TRUE(admission.await(database));
    EXPECT_TRUE(admission.await(database));
    EXPECT_EQ(world.processes.ran.size(), 3U);
}

TEST_F(AdmissionTest, IsNotWaitedForIfTheHostDoesNotAnswer) {
    said = refusal("[HostConnectError] raised from remote-0 tls protocol on '10.0.0.41': unable to connect");
    EXPECT_TRUE(admission.await(database));
}

TEST_F(AdmissionTest, IsNotAskedForWhereThereIsNoBackupHost) {
    database.node.config.backup.repositories = {{.path = "/var/lib/pgbackrest"}};
    EXPECT_TRUE(admission.await(database));
    EXPECT_TRUE(world.processes.ran.empty());
}

} // namespace
} // namespace ingot::firstboot::db
