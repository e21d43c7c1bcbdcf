#include "cloud-init/cluster/cluster.hpp"

#include <string>
#include <vector>

#include <sys/stat.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/support/golden.hpp"

namespace ingot::cloud_init {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

const clock::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 12h;

const NewCluster& made() {
    static const NewCluster cluster =
        init_cluster({.name = "orders", .ssh_authorized_keys = {"ssh-ed25519 AAAAC3Nz me"}}, kNow).value();
    return cluster;
}

TEST(ClusterInit, HasTheDefaultsOfTheGuide) {
    const Cluster& cluster = made().cluster;
    EXPECT_THAT(cluster.topology.etcd,
                ElementsAre(testing::Pair("etcd-1", "10.0.0.11"), testing::Pair("etcd-2", "10.0.0.12"),
                            testing::Pair("etcd-3", "10.0.0.13")));
    EXPECT_EQ(cluster.topology.db, 3);
    EXPECT_EQ(cluster.topology.proxy, 1);
    EXPECT_EQ(cluster.postgres.synchronous, Synchronous::off);
    EXPECT_EQ(cluster.postgres.databases.at(0).owner, "app");
    EXPECT_EQ(cluster.backup.repositories.at(0).path, "/var/lib/pgbackrest");
    EXPECT_EQ(made().secrets.id, cluster.id);
    EXPECT_EQ(made().secrets.cipher_pass.reveal().size(), 48U);
    EXPECT_EQ(made().secrets.authorities.size(), 3U);
}

TEST(ClusterInit, DrawsEverythingAnew) {
    const auto other = init_cluster({.name = "orders"}, kNow).value();
    EXPECT_NE(other.cluster.id, made().cluster.id);
    EXPECT_NE(other.secrets.users.at("app").password.reveal(), made().secrets.users.at("app").password.reveal());
    EXPECT_NE(other.secrets.cipher_pass.reveal(), made().secrets.cipher_pass.reveal());
}

TEST(ClusterInit, RefusesNamesAndNetworksThatCannotBe) {
    for (const auto* name : {"", "Orders", "1", "a_b", "a-", "../x"}) {
        const auto result = init_cluster({.name = name}, kNow);
        ASSERT_FALSE(result.has_value()) << name;
        EXPECT_EQ(result.error().kind, ErrorKind::invalid_input);
    }
    for (const auto* network : {"", "10.0.0.0", "10.0.0.1/24", "10.0.0.0/28", "127.0.0.0/8", "224.0.0.0/8", "x"}) {
        const auto result = init_cluster({.name = "orders", .network = network}, kNow);
        ASSERT_FALSE(result.has_value()) << network;
        EXPECT_EQ(result.error().kind, ErrorKind::invalid_input);
    }
    EXPECT_EQ(init_cluster({.name = "a", .network = "192.168.7.64/26"}, kNow)->cluster.topology.etcd.at("etcd-1"),
              "192.168.7.75");
    EXPECT_EQ(init_cluster({.name = "a", .network = "fd00:1::/64"}, kNow)->cluster.topology.etcd.at("etcd-1"),
              "fd00:1::b");
}

TEST(ClusterFiles, AreReadAsTheyWereWritten) {
    const auto text = render_cluster(made().cluster);
    const auto cluster = parse_cluster(text, "c");
    ASSERT_TRUE(cluster.has_value()) << cluster.error().to_string();
    EXPECT_EQ(render_cluster(*cluster), text);
    const auto secrets_text = render_secrets(made().secrets);
    const auto secrets = parse_secrets(secrets_text.reveal(), "s");
    ASSERT_TRUE(secrets.has_value()) << secrets.error().to_string();
    EXPECT_EQ(render_secrets(*secrets).reveal(), secrets_text.reveal());
    for (const Role role : {Role::db, Role::etcd, Role::proxy}) {
        EXPECT_EQ(render_user_data(*cluster, *secrets, role, kNow).value(),
                  render_user_data(made().cluster, made().secrets, role, kNow).value());
    }
}

TEST(ClusterFiles, ReadWellByPeople) {
    Cluster cluster = made().cluster;
    cluster.id = "123e4567-e89b-42d3-a456-426614174000";
    cluster.postgres.parameters = {{"work_mem", "64MB"}, {"max_connections", "300"}};
    tests::expect_golden("cloud-init/cluster.yaml", render_cluster(cluster));
}

TEST(ClusterFiles, AreWrittenOnceWithSecretsClosed) {
    const auto folder = files::TempDir::create().value();
    const auto directory = folder.path() / "new";
    ASSERT_TRUE(write_new_cluster(directory, made()).has_value());
    struct ::stat status{};
    ASSERT_EQ(::stat((directory / kSecretsFile).c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    EXPECT_EQ(read_secrets(directory / kSecretsFile)->id, made().cluster.id);
    EXPECT_EQ(read_cluster(directory / kClusterFile)->name, "orders");
    const auto again = write_new_cluster(directory, init_cluster({.name = "orders"}, kNow).value());
    ASSERT_FALSE(again.has_value());
    EXPECT_EQ(again.error().kind, ErrorKind::refused);
    ASSERT_TRUE(files::remove_file(directory / kClusterFile).has_value());
    EXPECT_FALSE(write_new_cluster(directory, made()).has_value());
    EXPECT_EQ(read_cluster(directory / kClusterFile).error().kind, ErrorKind::not_found);
}

class RenderedUserData : public testing::TestWithParam<Role> {};

TEST_P(RenderedUserData, IsAcceptedByTheAgentsReader) {
    const Role role = GetParam();
    const auto text = render_user_data(made().cluster, made().secrets, role, kNow);
    ASSERT_TRUE(text.has_value()) << text.error().to_string();
    EXPECT_LT(text->size(), 16'384U); // the smallest limit of the clouds
    const auto parsed = parse(*text, "u");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().to_string();
    EXPECT_THAT(parsed->warnings, testing::IsEmpty());
    EXPECT_EQ(parsed->ingot->role, role);
    EXPECT_THAT(parsed->cloud_config.ssh_authorized_keys, ElementsAre("ssh-ed25519 AAAAC3Nz me"));
}

TEST_P(RenderedUserData, HoldsOnlyItsOwnSecrets) {
    const auto text = render_user_data(made().cluster, made().secrets, GetParam(), kNow).value();
    const Secrets& secrets = made().secrets;
    EXPECT_THAT(text, testing::Not(HasSubstr(secrets.users.at("app").password.reveal())));
    for (const auto& [role, authority] : secrets.authorities) {
        const auto key_line = text::lines(authority.key_pem.reveal()).at(1);
        EXPECT_EQ(text.find(key_line) != std::string::npos, role == GetParam()) << to_string(role);
    }
    const bool is_db = GetParam() == Role::db;
    EXPECT_EQ(text.find(secrets.cipher_pass.reveal()) != std::string::npos, is_db);
    EXPECT_EQ(text.find(secrets.users.at("app").verifier) != std::string::npos, is_db);
}

INSTANTIATE_TEST_SUITE_P(Cluster, RenderedUserData, testing::Values(Role::db, Role::etcd, Role::proxy),
                         [](const auto& param_info) { return std::string(to_string(param_info.param)); });

TEST(UserDataOf, CarriesEveryChoice) {
    NewCluster changed = made();
    changed.cluster.postgres.synchronous = Synchronous::strict;
    changed.cluster.postgres.parameters = {{"work_mem", "64MB"}, {"jit", "off"}, {"DateStyle", "ISO, DMY"}};
    changed.cluster.postgres.databases.push_back({.name = "reports"});
    changed.cluster.proxy = {.primary_port = 6000,
                             .replica_port = 6001,
                             .pool_port = 6002,
                             .read_pool_port = 6003,
                             .max_client_connections = 50,
                             .pool_size = 7,
                             .virtual_address = "10.0.0.5"};
    changed.cluster.backup.retention.full = 5;
    const auto db = parse(render_user_data(changed.cluster, changed.secrets, Role::db, kNow).value(), "u").value();
    EXPECT_EQ(db.ingot->postgres.synchronous, Synchronous::strict);
    EXPECT_EQ(db.ingot->postgres.parameters, changed.cluster.postgres.parameters);
    EXPECT_EQ(db.ingot->postgres.databases.at(1).owner, std::nullopt);
    EXPECT_EQ(db.ingot->backup.retention.full, 5);
    const auto proxy =
        parse(render_user_data(changed.cluster, changed.secrets, Role::proxy, kNow).value(), "u").value();
    EXPECT_EQ(proxy.ingot->proxy.primary_port, 6000);
    EXPECT_EQ(proxy.ingot->proxy.pool_port, 6002);
    EXPECT_EQ(proxy.ingot->proxy.read_pool_port, 6003);
    EXPECT_EQ(proxy.ingot->proxy.virtual_address, "10.0.0.5");
    EXPECT_EQ(proxy.ingot->proxy.max_client_connections, 50);
    EXPECT_EQ(proxy.ingot->proxy.pool_size, 7);
}

TEST(UserDataOf, IsNotMadeFromFilesThatDoNotFit) {
    NewCluster other = init_cluster({.name = "orders"}, kNow).value();
    EXPECT_THAT(render_user_data(made().cluster, other.secrets, Role::db, kNow).error().message,
                HasSubstr("another cluster"));
    other.cluster.postgres.users.push_back("ann");
    EXPECT_THAT(render_user_data(other.cluster, other.secrets, Role::db, kNow).error().message,
                HasSubstr("'ingot cluster password ann'"));
    const auto late = render_user_data(made().cluster, made().secrets, Role::db, kNow + std::chrono::days(3651));
    EXPECT_EQ(late.error().kind, ErrorKind::refused);
    EXPECT_THAT(late.error().message, HasSubstr("CA expired at 2036-11-20T11:00:00Z"));
}

TEST(ClusterFiles, ReportEveryFaultAtOnce) {
    const auto result =
        parse_cluster("name: Orders\nnetwork: 10.0.0.0/24\ntopology:\n  etcd: {etcd-1: 10.9.0.1}\n  db: 0\n"
                      "postgres: {users: [app, app], databases: [{name: app, owner: x}]}\nbakup: {}\n",
                      "c");
    ASSERT_FALSE(result.has_value());
    EXPECT_THAT(text::lines(result.error().message),
                ElementsAre(HasSubstr("c:1:1: 'id' is missing"), HasSubstr("c:1:7: name: 'Orders'"),
                            HasSubstr("c:4:18: topology.etcd.etcd-1: 10.9.0.1"), HasSubstr("c:5:7: topology.db"),
                            HasSubstr("the user 'app' is given twice"), HasSubstr("'x' is not one of postgres.users"),
                            HasSubstr("c:7:1: unknown key 'bakup' (did you mean 'backup'?)")));
}

TEST(ClusterFiles, OfSecretsNeverShowThem) {
    auto text = render_secrets(made().secrets).reveal();
    text = text::replace_all(text, "verifier: ", "verifier: hunter2");
    text = text::replace_all(text, "-----BEGIN PRIVATE KEY-----", "hunter3");
    const auto result = parse_secrets(text, "s");
    ASSERT_FALSE(result.has_value());
    EXPECT_EQ(text::lines(result.error().message).size(), 4U);
    EXPECT_THAT(result.error().message, testing::Not(HasSubstr("hunter")));
}

} // namespace
} // namespace ingot::cloud_init
