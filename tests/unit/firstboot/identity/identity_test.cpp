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
    NodeSpec node_{.name = "db-1", .instance_id = "i-1", .address = "10.0.0.21"};
};

TEST_F(IdentityTest, IsIssuedFromTheRolesOwnAuthority) {
    const auto fresh = obtain_identity(node_, world_.environment);
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
    ASSERT_TRUE(obtain_identity(node_, world_.environment));
    const auto& pki = node_.config.pki;
    EXPECT_EQ(world_.read("/etc/ingot/pki/ca-etcd.crt"), pki.etcd_ca);
    EXPECT_EQ(world_.read("/etc/ingot/pki/ca-all.crt"), pki.etcd_ca + pki.db_ca + pki.proxy_ca);
}

TEST_F(IdentityTest, IsKeptAtTheNextBoot) {
    ASSERT_TRUE(obtain_identity(node_, world_.environment));
    const auto first = certificate();
    EXPECT_FALSE(obtain_identity(node_, world_.environment).value());
    EXPECT_EQ(certificate(), first);
}

TEST_F(IdentityTest, IsRenewedWhenAThirdOfItsLifeIsLeft) {
    ASSERT_TRUE(obtain_identity(node_, world_.environment));
    world_.clock.advance(std::chrono::days(19));
    EXPECT_FALSE(obtain_identity(node_, world_.environment).value());
    world_.clock.advance(std::chrono::days(2));
    EXPECT_TRUE(obtain_identity(node_, world_.environment).value());
}

TEST_F(IdentityTest, IsMadeAnewForAnotherNameOrAddress) {
    ASSERT_TRUE(obtain_identity(node_, world_.environment));
    node_.address = "10.0.0.22";
    EXPECT_TRUE(obtain_identity(node_, world_.environment).value());
    node_.name = "db-2";
    EXPECT_TRUE(obtain_identity(node_, world_.environment).value());
}

TEST_F(IdentityTest, IsMadeAnewIfThePowerWentBetweenKeyAndCertificate) {
    ASSERT_TRUE(obtain_identity(node_, world_.environment));
    const auto old = certificate();
    ASSERT_TRUE(files::remove_file(world_.environment.root.at("/etc/ingot/pki/node.crt")));
    ASSERT_TRUE(obtain_identity(node_, world_.environment));
    world_.write("/etc/ingot/pki/node.crt", old); // fits the authority, not the key
    EXPECT_TRUE(obtain_identity(node_, world_.environment).value());
}

TEST_F(IdentityTest, CannotBeHadWithoutTheAuthoritysKey) {
    node_.config.pki.keys.clear();
    EXPECT_EQ(obtain_identity(node_, world_.environment).error().kind, ErrorKind::refused);
}

} // namespace
} // namespace ingot::firstboot
