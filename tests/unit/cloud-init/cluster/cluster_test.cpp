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
        const auto key_line = text::lines(authority.current.key_pem.reveal()).at(1);
        EXPECT_EQ(text.find(key_line) != std::string::npos, GetParam() == Role::etcd) << to_string(role);
    }
    for (const auto& [role, tokens] : secrets.tokens) {
        const auto secret = crypto::base64_encode(tokens.at(0).secret.reveal());
        EXPECT_EQ(text.find(secret) != std::string::npos, GetParam() == Role::etcd || GetParam() == role);
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
    auto renamed = other;
    renamed.cluster.name = "invoices";
    EXPECT_THAT(render_user_data(renamed.cluster, renamed.secrets, Role::db, kNow).error().message,
                testing::AllOf(HasSubstr("CN=orders etcd CA"), HasSubstr("called invoices")));
    other.cluster.postgres.users.push_back("ann");
    EXPECT_THAT(render_user_data(other.cluster, other.secrets, Role::db, kNow).error().message,
                HasSubstr("'ingot cluster password ann'"));
    const auto late = render_user_data(made().cluster, made().secrets, Role::db, kNow + std::chrono::days(3651));
    EXPECT_EQ(late.error().kind, ErrorKind::refused);
    EXPECT_THAT(late.error().message, HasSubstr("CA expired at 2036-11-20T11:00:00Z"));
}

TEST(Rotation, OfATokenKeepsTheOneBefore) {
    NewCluster changed = made();
    const auto first = changed.secrets.tokens.at(Role::db).at(0).secret.reveal();
    EXPECT_EQ(rotate_token(changed.secrets, Role::db).value(), 2);
    const auto access = [&](Role role) {
        const auto text = render_user_data(changed.cluster, changed.secrets, role, kNow).value();
        const auto parsed = parse_node_data({.user_data = text}, "u");
        EXPECT_TRUE(parsed.has_value()) << parsed.error().to_string();
        return parsed.value().access;
    };
    const auto etcd = access(Role::etcd);
    ASSERT_EQ(etcd.tokens.at(Role::db).size(), 2U);
    EXPECT_EQ(etcd.tokens.at(Role::db).at(0).epoch, 2);
    EXPECT_EQ(etcd.tokens.at(Role::db).at(1).secret.reveal(), first);
    EXPECT_EQ(etcd.tokens.at(Role::proxy).size(), 1U);
    EXPECT_EQ(etcd.generation, 2);
    const auto db = access(Role::db);
    ASSERT_EQ(db.tokens.at(Role::db).size(), 1U);
    EXPECT_EQ(db.tokens.at(Role::db).at(0).epoch, 2);
    EXPECT_EQ(rotate_token(changed.secrets, Role::db).value(), 3);
    EXPECT_EQ(changed.secrets.tokens.at(Role::db).size(), 2U) << "the first one is not accepted any more";
    EXPECT_FALSE(rotate_token(changed.secrets, Role::etcd).has_value());
    const auto text = render_secrets(changed.secrets);
    EXPECT_EQ(render_secrets(parse_secrets(text.reveal(), "s").value()).reveal(), text.reveal());
}

TEST(Rotation, OfACaTakesThreeStepsAndEachIsUserDataThatIsAccepted) {
    NewCluster changed = made();
    const auto old = made().secrets.authorities.at(Role::db).current.certificate_pem;
    const auto pki = [&](Role role) {
        const auto parsed = parse(render_user_data(changed.cluster, changed.secrets, role, kNow).value(), "u");
        return parsed->ingot->pki;
    };
    const auto step = [&] { return rotate_authority(changed.secrets, Role::db, "orders", kNow).value(); };
    EXPECT_EQ(step(), RotationPhase::bundle);
    const auto next = changed.secrets.authorities.at(Role::db).next->certificate_pem;
    EXPECT_EQ(pki(Role::db).db_ca, old + next);
    EXPECT_EQ(pki(Role::etcd).db_ca, old + next);
    EXPECT_EQ(step(), RotationPhase::switched);
    EXPECT_EQ(pki(Role::proxy).db_ca, next + old);
    EXPECT_TRUE(crypto::check_key(next, pki(Role::etcd).keys.at(Role::db)).has_value());
    const auto text = render_secrets(changed.secrets);
    EXPECT_EQ(render_secrets(parse_secrets(text.reveal(), "s").value()).reveal(), text.reveal());
    EXPECT_EQ(step(), RotationPhase::dropped);
    EXPECT_EQ(pki(Role::db).db_ca, next);
    EXPECT_EQ(changed.secrets.generation, 4);
    EXPECT_EQ(pki(Role::db).etcd_ca, made().secrets.authorities.at(Role::etcd).current.certificate_pem);
}

TEST(ClusterFiles, OfTheFirstVersionGetTokensThatNeverChange) {
    auto text = render_secrets(made().secrets).reveal();
    text = text::replace_all(text, "version: 2\n", "");
    text = text.substr(0, text.find("tokens:\n"));
    const auto once = parse_secrets(text, "s");
    ASSERT_TRUE(once.has_value()) << once.error().to_string();
    const auto twice = parse_secrets(text, "s").value();
    for (const Role role : {Role::db, Role::proxy}) {
        EXPECT_EQ(once->tokens.at(role).at(0).secret.reveal(), twice.tokens.at(role).at(0).secret.reveal());
        EXPECT_TRUE(render_user_data(made().cluster, *once, role, kNow).has_value());
    }
    EXPECT_NE(once->tokens.at(Role::db).at(0).secret.reveal(), once->tokens.at(Role::proxy).at(0).secret.reveal());
}

TEST(UserDataOf, StaysSmallWithTenDatabasesAndTwentyUsers) {
    NewCluster big = made();
    for (int i = 0; i < 20; ++i) {
        const auto user = text::format("application_user_{}", i);
        big.cluster.postgres.users.push_back(user);
        big.secrets.users.insert_or_assign(user, draw_user_secret().value());
    }
    for (int i = 0; i < 10; ++i) {
        big.cluster.postgres.databases.push_back(
            {.name = text::format("application_database_{}", i), .owner = text::format("application_user_{}", i)});
    }
    for (const Role role : {Role::db, Role::etcd, Role::proxy}) { // in the middle of a rotation of all CAs
        ASSERT_TRUE(rotate_authority(big.secrets, role, "orders", kNow).has_value());
    }
    for (const Role role : {Role::db, Role::etcd, Role::proxy}) {
        const auto text = render_user_data(big.cluster, big.secrets, role, kNow);
        ASSERT_TRUE(text.has_value()) << text.error().to_string();
        EXPECT_LT(text->size(), 32'768U) << to_string(role);
    }
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
