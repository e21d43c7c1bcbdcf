// Certificates: what the CAs may sign and, above all, what they may not.
#include "common/crypto/crypto.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "common/process/process.hpp"

namespace ingot::crypto {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::chrono_literals;

const clock::WallTime kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 23} + 12h;

Identity ca_of(std::string_view role, std::string_view cluster = "orders") {
    return make_ca(cluster, role, kNow).value();
}

LeafRequest request_for(std::string role, std::string cluster = "orders") {
    return {.cluster = std::move(cluster),
            .role = std::move(role),
            .common_name = "node-1",
            .dns_names = {"node-1.orders.internal", "localhost"},
            .ip_addresses = {"10.0.0.21", "127.0.0.1", "fd00::1"}};
}

TEST(Certificates, OfACaSayWhatTheCaIsFor) {
    const auto ca = ca_of("db");
    const auto info = inspect_certificate(ca.certificate_pem).value();
    EXPECT_EQ(info.subject, "CN=orders db CA,OU=db,O=orders");
    EXPECT_TRUE(info.is_ca);
    EXPECT_EQ(info.not_before, kNow - 1h);
    EXPECT_EQ(info.not_after, kNow - 1h + std::chrono::days(3650));
    EXPECT_EQ(info.fingerprint_sha256.size(), 64U);
    EXPECT_TRUE(check_key(ca.certificate_pem, ca.key_pem).has_value());
    EXPECT_THAT(ca.key_pem.reveal(), testing::StartsWith("-----BEGIN PRIVATE KEY-----"));
}

TEST(Certificates, OfALeafCarryItsNames) {
    const auto ca = ca_of("db");
    const auto leaf = issue_leaf(ca, request_for("db"), kNow).value();
    const auto info = inspect_certificate(leaf.certificate_pem).value();
    EXPECT_EQ(info.subject, "CN=node-1,OU=db,O=orders");
    EXPECT_EQ(info.common_name, "node-1");
    EXPECT_FALSE(info.is_ca);
    EXPECT_THAT(info.dns_names, ElementsAre("node-1.orders.internal", "localhost"));
    EXPECT_THAT(info.ip_addresses, ElementsAre("10.0.0.21", "127.0.0.1", "fd00::1"));
    EXPECT_EQ(info.not_after, kNow - 1h + std::chrono::days(30));
    EXPECT_TRUE(verify_identity(leaf.certificate_pem, leaf.key_pem, ca.certificate_pem, kNow).has_value());
}

TEST(Certificates, AreAcceptedFromAnyCaOfABundle) {
    const auto bundle = ca_of("etcd").certificate_pem + ca_of("proxy").certificate_pem;
    const auto db = ca_of("db");
    const auto leaf = issue_leaf(db, request_for("db"), kNow).value();
    EXPECT_FALSE(verify_identity(leaf.certificate_pem, {}, bundle, kNow).has_value());
    EXPECT_TRUE(verify_identity(leaf.certificate_pem, {}, bundle + db.certificate_pem, kNow).has_value());
}

struct Forgery {
    std::string name;
    std::string role;
    std::string cluster;
};

class ProxyCa : public testing::TestWithParam<Forgery> {};

// The promise of docs/security: a stolen proxy CA key makes no database node.
TEST_P(ProxyCa, CannotMintAnotherRoleOrCluster) {
    const auto proxy = ca_of("proxy");
    const auto leaf = issue_leaf(proxy, request_for(GetParam().role, GetParam().cluster), kNow).value();
    const auto verified = verify_identity(leaf.certificate_pem, leaf.key_pem, proxy.certificate_pem, kNow);
    ASSERT_FALSE(verified.has_value());
    EXPECT_EQ(verified.error().kind, ErrorKind::refused);
    EXPECT_THAT(verified.error().message, HasSubstr("permitted subtree violation"));
}

INSTANTIATE_TEST_SUITE_P(Certificates, ProxyCa,
                         testing::Values(Forgery{"another_role", "db", "orders"},
                                         Forgery{"another_cluster", "proxy", "billing"},
                                         Forgery{"a_longer_role", "proxy2", "orders"}),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(Certificates, AreRefusedOutsideTheirTime) {
    const auto ca = ca_of("db");
    const auto leaf = issue_leaf(ca, request_for("db"), kNow).value();
    const auto late = verify_identity(leaf.certificate_pem, {}, ca.certificate_pem, kNow + std::chrono::days(31));
    EXPECT_EQ(late.error().kind, ErrorKind::refused);
    EXPECT_THAT(late.error().message, HasSubstr("expired"));
    const auto early = verify_identity(leaf.certificate_pem, {}, ca.certificate_pem, kNow - 2h);
    EXPECT_THAT(early.error().message, HasSubstr("not yet valid"));
}

TEST(Certificates, AreRefusedWithAForeignKeyOrCa) {
    const auto ca = ca_of("db");
    const auto leaf = issue_leaf(ca, request_for("db"), kNow).value();
    const auto other = issue_leaf(ca, request_for("db"), kNow).value();
    EXPECT_THAT(verify_identity(leaf.certificate_pem, other.key_pem, ca.certificate_pem, kNow).error().message,
                HasSubstr("does not belong"));
    EXPECT_EQ(check_key(leaf.certificate_pem, other.key_pem).error().kind, ErrorKind::refused);
    // Same name, other key: a CA made anew.
    EXPECT_EQ(verify_identity(leaf.certificate_pem, {}, ca_of("db").certificate_pem, kNow).error().kind,
              ErrorKind::refused);
}

TEST(Certificates, SignedByALeafAreRefused) {
    const auto ca = ca_of("db");
    const auto leaf = issue_leaf(ca, request_for("db"), kNow).value();
    const auto second = issue_leaf(leaf, request_for("db"), kNow).value();
    EXPECT_FALSE(
        verify_identity(second.certificate_pem, {}, ca.certificate_pem + leaf.certificate_pem, kNow).has_value());
}

TEST(Certificates, AreNotMadeForNamesThatAreNone) {
    const auto ca = ca_of("db");
    auto bad_dns = request_for("db");
    bad_dns.dns_names = {"a,DNS:evil"};
    EXPECT_EQ(issue_leaf(ca, bad_dns, kNow).error().kind, ErrorKind::invalid_input);
    auto bad_address = request_for("db");
    bad_address.ip_addresses = {"10.0.0.300"};
    EXPECT_EQ(issue_leaf(ca, bad_address, kNow).error().kind, ErrorKind::invalid_input);
    auto long_name = request_for("db");
    long_name.common_name = std::string(65, 'x');
    EXPECT_EQ(issue_leaf(ca, long_name, kNow).error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(
        issue_leaf({.certificate_pem = ca.certificate_pem, .key_pem = ca_of("db").key_pem}, request_for("db"), kNow)
            .error()
            .kind,
        ErrorKind::invalid_input);
}

TEST(Certificates, ThatCannotBeReadSaySo) {
    const auto ca = ca_of("db");
    EXPECT_THAT(inspect_certificate("").error().message, HasSubstr("not a PEM certificate"));
    EXPECT_THAT(inspect_certificate("junk").error().message, HasSubstr("not a PEM certificate"));
    EXPECT_THAT(inspect_certificate(ca.key_pem.reveal()).error().message, HasSubstr("not a PEM certificate"));
    EXPECT_THAT(inspect_certificate(ca.certificate_pem.substr(0, 300)).error().message, HasSubstr("not a PEM"));
    EXPECT_THAT(inspect_certificate(ca.certificate_pem + ca.certificate_pem).error().message,
                HasSubstr("2 certificates where one is expected"));
    EXPECT_THAT(check_key(ca.certificate_pem, Secret("junk")).error().message, HasSubstr("not a PEM private key"));
    EXPECT_THAT(inspect_certificate(std::string(10'000'000, 'x')).error().message, HasSubstr("larger"));
}

TEST(Certificates, AskNobodyForAPassPhrase) {
    const std::string encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                  "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgR5Dn1S5pTJAICCAAw\n"
                                  "-----END ENCRYPTED PRIVATE KEY-----\n";
    EXPECT_EQ(check_key(ca_of("db").certificate_pem, Secret(encrypted)).error().kind, ErrorKind::invalid_input);
}

// The constraint has to hold in the program that PostgreSQL and HAProxy are linked with, not only in our call.
TEST(Certificates, AreJudgedTheSameByTheOpensslProgram) {
    const auto folder = files::TempDir::create().value();
    const auto proxy = ca_of("proxy");
    const auto good = issue_leaf(proxy, request_for("proxy"), kNow).value();
    const auto bad = issue_leaf(proxy, request_for("db"), kNow).value();
    ASSERT_TRUE(files::write(folder.path() / "ca.pem", proxy.certificate_pem).has_value());
    ASSERT_TRUE(files::write(folder.path() / "good.pem", good.certificate_pem).has_value());
    ASSERT_TRUE(files::write(folder.path() / "bad.pem", bad.certificate_pem).has_value());
    process::PosixProcesses processes;
    const auto verify = [&](const std::string& name) {
        const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(kNow.time_since_epoch()).count();
        return processes.run(
            {.argv = {"openssl", "verify", "-x509_strict", "-attime", std::to_string(seconds), "-purpose",
                      "sslclient", "-CAfile", (folder.path() / "ca.pem").string(), (folder.path() / name).string()}});
    };
    const auto accepted = verify("good.pem");
    if (!accepted) { GTEST_SKIP() << "no openssl program: " << accepted.error().to_string(); }
    EXPECT_EQ(accepted->exit_code, 0) << accepted->err;
    const auto refused = verify("bad.pem").value();
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_THAT(refused.err, HasSubstr("permitted subtree violation"));
}

} // namespace
} // namespace ingot::crypto
