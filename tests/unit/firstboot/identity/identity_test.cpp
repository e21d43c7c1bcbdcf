#include "firstboot/identity/identity.hpp"

#include <gtest/gtest.h>

#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

using cloud_init::Role;

class IdentityTest : public testing::Test {
  protected:
    void SetUp() override {
        const auto now = world_.clock.now();
        const auto etcd = crypto::make_ca("orders", "etcd", now).value();
        const auto db = crypto::make_ca("orders", "db", now).value();
        const auto proxy = crypto::make_ca("orders", "proxy", now).value();
        auto& config = node_.config;
        config.cluster = "orders";
        config.role = Role::db;
        config.pki = {
            .etcd_ca = etcd.certificate_pem, .db_ca = db.certificate_pem, .proxy_ca = proxy.certificate_pem};
        config.pki.keys = {{Role::db, db.key_pem}};
    }
    std::string certificate() const { return world_.read("/etc/ingot/pki/node.crt"); }

    test::World world_{};
    cloud_init::AccessConfig access_{};
    NodeSpec node_{.name = "db-1", .instance_id = "i-1", .address = "10.0.0.21"};
};

TEST_F(IdentityTest, IsIssuedFromTheRolesOwnAuthority) {
    const auto fresh = obtain_identity(node_, access_, world_.environment);
    ASSERT_TRUE(fresh.has_value()) << fresh.error().to_string();
    EXPECT_TRUE(*fresh);
    const auto info = crypto::inspect_certificate(certificate()).value();
    EXPECT_EQ(info.subject, "CN=db-1,OU=db,O=orders");
    EXPECT_EQ(info.ip_addresses, (std::vector<std::string>{"10.0.0.21", "127.0.0.1"}));
    EXPECT_EQ(info.dns_names, (std::vector<std::string>{"localhost", "db-1.orders.internal", "db.orders.internal",
                                                        "primary.orders.internal", "replica.orders.internal"}));
    const crypto::Secret key(world_.read("/etc/ingot/pki/node.key"));
    EXPECT_TRUE(crypto::verify_identity(certificate(), key, node_.config.pki.db_ca, world_.clock.now()));
    EXPECT_FALSE(crypto::verify_identity(certificate(), key, node_.config.pki.proxy_ca, world_.clock.now()));
    EXPECT_EQ(std::filesystem::status(world_.environment.root.at("/etc/ingot/pki/node.key")).permissions(),
              std::filesystem::perms(0640));
}

TEST_F(IdentityTest, TrustsEachAuthorityByItselfAndAllTogether) {
    ASSERT_TRUE(obtain_identity(node_, access_, world_.environment));
    const auto& pki = node_.config.pki;
    EXPECT_EQ(world_.read("/etc/ingot/pki/ca-etcd.crt"), pki.etcd_ca);
    EXPECT_EQ(world_.read("/etc/ingot/pki/ca-all.crt"), pki.etcd_ca + pki.db_ca + pki.proxy_ca);
    EXPECT_EQ(world_.read("/etc/ingot/pki/ca-etcd-clients.crt"), pki.etcd_ca + pki.db_ca) << "no proxy in etcd";
}

TEST_F(IdentityTest, IsKeptAtTheNextBoot) {
    ASSERT_TRUE(obtain_identity(node_, access_, world_.environment));
    const auto first = certificate();
    EXPECT_FALSE(obtain_identity(node_, access_, world_.environment).value());
    EXPECT_EQ(certificate(), first);
}

TEST_F(IdentityTest, IsRenewedWhenAThirdOfItsLifeIsOver) {
    ASSERT_TRUE(obtain_identity(node_, access_, world_.environment));
    world_.clock.advance(std::chrono::days(9));
    EXPECT_FALSE(obtain_identity(node_, access_, world_.environment).value());
    world_.clock.advance(std::chrono::days(1));
    EXPECT_TRUE(obtain_identity(node_, access_, world_.environment).value());
}

TEST_F(IdentityTest, IsMadeAnewWhenItIsOneOfTheFuture) {
    ASSERT_TRUE(obtain_identity(node_, access_, world_.environment));
    world_.clock.advance(-std::chrono::days(2)); // the clock was wrong at the first boot
    EXPECT_TRUE(obtain_identity(node_, access_, world_.environment).value());
}

TEST_F(IdentityTest, IsMadeAnewWhenItHasExpired) {
    ASSERT_TRUE(obtain_identity(node_, access_, world_.environment));
    world_.clock.advance(std::chrono::days(40));
    EXPECT_TRUE(obtain_identity(node_, access_, world_.environment).value());
}

TEST_F(IdentityTest, IsMadeAnewAtEachGenerationOfTheAuthorities) {
    ASSERT_TRUE(obtain_identity(node_, access_, world_.environment));
    const auto next = crypto::make_ca("orders", "db", world_.clock.now()).value();
    auto& pki = node_.config.pki;
    const auto old = pki.db_ca;
    access_.generation = 2; // trusted
    pki.db_ca = old + next.certificate_pem;
    EXPECT_TRUE(obtain_identity(node_, access_, world_.environment).value());
    EXPECT_FALSE(obtain_identity(node_, access_, world_.environment).value());
    EXPECT_TRUE(crypto::verify_identity(certificate(), {}, old, world_.clock.now()));
    EXPECT_EQ(world_.read("/etc/ingot/pki/ca-db.crt"), pki.db_ca);
    access_.generation = 3; // signs
    pki.db_ca = next.certificate_pem + old;
    pki.keys = {{Role::db, next.key_pem}};
    EXPECT_TRUE(obtain_identity(node_, access_, world_.environment).value());
    EXPECT_TRUE(crypto::verify_identity(certificate(), {}, next.certificate_pem, world_.clock.now()));
}

TEST_F(IdentityTest, RemembersTheNewestAuthoritiesThatItHasHeardOf) {
    const auto next = crypto::make_ca("orders", "db", world_.clock.now()).value();
    auto trust = join::trust_of(node_.config.pki, 5);
    trust.db_ca = next.certificate_pem;
    node_.config.cluster_id = "c-1";
    const auto kept = join::to_json_text(trust);
    world_.write("/var/lib/ingot/trust.json", kept.substr(0, kept.size() - 2) + R"(,"cluster_id":"c-1"})");
    EXPECT_EQ(newest_trust(node_, 1, world_.environment.root).value(), trust);
    EXPECT_EQ(newest_trust(node_, 6, world_.environment.root)->generation, 6) << "user-data that is newer";
    node_.config.cluster_id = "c-2"; // this disk was another cluster's
    EXPECT_EQ(newest_trust(node_, 1, world_.environment.root)->generation, 1);
}

TEST_F(IdentityTest, IsMadeAnewForAnotherNameOrAddress) {
    ASSERT_TRUE(obtain_identity(node_, access_, world_.environment));
    node_.address = "10.0.0.22";
    EXPECT_TRUE(obtain_identity(node_, access_, world_.environment).value());
    node_.name = "db-2";
    EXPECT_TRUE(obtain_identity(node_, access_, world_.environment).value());
}

TEST_F(IdentityTest, IsMadeAnewIfThePowerWentBetweenKeyAndCertificate) {
    ASSERT_TRUE(obtain_identity(node_, access_, world_.environment));
    const auto old = certificate();
    ASSERT_TRUE(files::remove_file(world_.environment.root.at("/etc/ingot/pki/node.crt")));
    ASSERT_TRUE(obtain_identity(node_, access_, world_.environment));
    world_.write("/etc/ingot/pki/node.crt", old); // fits the authority, not the key
    EXPECT_TRUE(obtain_identity(node_, access_, world_.environment).value());
}

TEST_F(IdentityTest, CannotBeHadWithNeitherKeyNorToken) {
    node_.config.pki.keys.clear();
    EXPECT_EQ(obtain_identity(node_, access_, world_.environment).error().kind, ErrorKind::refused);
}

TEST_F(IdentityTest, WaitsForASignerAndSaysForWhom) {
    node_.config.pki.keys.clear();
    access_.tokens = {{Role::db, {{.epoch = 1, .secret = crypto::Secret(std::string(32, 's'))}}}};
    node_.config.etcd.founders = {{"etcd-1", "127.0.12.1"}};
    const auto waiting = obtain_identity(node_, access_, world_.environment);
    ASSERT_FALSE(waiting.has_value());
    EXPECT_EQ(waiting.error().kind, ErrorKind::transient);
    EXPECT_NE(waiting.error().to_string().find("etcd-1: 127.0.12.1 port 2382"), std::string::npos)
        << waiting.error().to_string();
    const auto key = world_.read("/etc/ingot/pki/node.key");
    EXPECT_FALSE(obtain_identity(node_, access_, world_.environment).has_value());
    EXPECT_EQ(world_.read("/etc/ingot/pki/node.key"), key) << "a request is repeated with the same key";
}

} // namespace
} // namespace ingot::firstboot
