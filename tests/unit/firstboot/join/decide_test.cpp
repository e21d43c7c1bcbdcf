// Every rule of decide.cpp by a request that is right but for one thing.
#include "firstboot/join/decide.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/request.hpp"
#include "common/files/files.hpp"
#include "firstboot/join/leaf.hpp"
#include "tests/places/places.hpp"

namespace ingot::firstboot::join {
namespace {

using cloud_init::Role;
using cloud_init::RoleToken;
using testing::HasSubstr;

const clock::WallTime kNow = clock::WallTime(std::chrono::hours(500'000));
const std::string kBinding(32, 'b');

struct Pki {
    crypto::Identity etcd = crypto::make_ca("orders", "etcd", kNow).value();
    crypto::Identity db = crypto::make_ca("orders", "db", kNow).value();
    crypto::Identity proxy = crypto::make_ca("orders", "proxy", kNow).value();
    crypto::Secret key = crypto::make_private_key().value();
};

const Pki& pki() {
    static const Pki made;
    return made;
}

RoleToken token(int epoch, char letter) {
    return {.epoch = epoch, .secret = crypto::Secret(std::string(32, letter))};
}

std::string sample(const std::string& name) {
    return files::read(tests::source_dir() / "tests/unit/firstboot/join" / name).value();
}

/// All that a decision of the first half depends on.
struct Case {
    Office office{.cluster = "orders",
                  .network = "10.0.0.0/24",
                  .founders = {"etcd-1"},
                  .pki = {.etcd_ca = pki().etcd.certificate_pem,
                          .db_ca = pki().db.certificate_pem,
                          .proxy_ca = pki().proxy.certificate_pem,
                          .keys = {}},
                  .access = {.tokens = {{Role::db, {token(3, 'n'), token(2, 'o')}}, {Role::proxy, {token(7, 'p')}}}},
                  .now = kNow};
    SignRequest request{.role = "db", .name = "db-1", .csr_pem = ""};
    Connection connection{.address = "10.0.0.21", .binding = kBinding};
    crypto::LeafRequest wanted = leaf_of("orders", Role::db, "db-1", "10.0.0.21");
    RoleToken shown = token(3, 'n');
    std::string made_on = kBinding; ///< the connection that the proof was made for
    crypto::Secret key = pki().key;
};

Result<Applicant> outcome(Case& given) {
    if (given.request.csr_pem.empty()) {
        given.request.csr_pem = crypto::make_request(given.key, given.wanted).value();
    }
    if (!given.request.proof && given.connection.certificate_pem.empty()) {
        given.request.proof = make_proof(given.shown, given.made_on, given.request);
    }
    return identify(given.office, given.request, given.connection);
}

std::string leaf_pem(const crypto::Identity& ca, const crypto::LeafRequest& leaf, clock::WallTime now = kNow) {
    return crypto::sign_request(ca, crypto::make_request(pki().key, leaf).value(), leaf, now).value();
}

TEST(JoinIdentify, ANodeWithItsRolesTokenIsWhoItSays) {
    Case given;
    const auto applicant = outcome(given);
    ASSERT_TRUE(applicant.has_value()) << applicant.error().to_string();
    EXPECT_EQ(applicant->role, Role::db);
    EXPECT_EQ(applicant->name, "db-1");
    EXPECT_EQ(applicant->address, "10.0.0.21");
    EXPECT_EQ(applicant->key_sha256, crypto::inspect_request(given.request.csr_pem)->key_sha256);
    EXPECT_FALSE(applicant->renews);
}

TEST(JoinIdentify, TheTokenBeforeIsStillAccepted) {
    Case given;
    given.shown = token(2, 'o');
    EXPECT_TRUE(outcome(given).has_value());
}

TEST(JoinIdentify, ACertificateIsRenewedForItsOwnNodeAndKey) {
    Case given;
    given.connection.certificate_pem = leaf_pem(pki().db, given.wanted);
    const auto applicant = outcome(given);
    ASSERT_TRUE(applicant.has_value()) << applicant.error().to_string();
    EXPECT_TRUE(applicant->renews);
}

struct Refusal {
    std::string name;
    std::function<void(Case&)> change;
    std::string reason;
};
std::ostream& operator<<(std::ostream& out, const Refusal& refusal) { return out << refusal.name; }

class JoinRefuses : public testing::TestWithParam<Refusal> {};

TEST_P(JoinRefuses, AndSaysWhyWithoutTheSecret) {
    Case given;
    GetParam().change(given);
    const auto applicant = outcome(given);
    ASSERT_FALSE(applicant.has_value());
    EXPECT_EQ(applicant.error().kind, ErrorKind::refused);
    EXPECT_THAT(applicant.error().message, HasSubstr(GetParam().reason));
    for (const auto& secret : {given.shown.secret.reveal(), crypto::base64_encode(given.shown.secret.reveal())}) {
        EXPECT_THAT(applicant.error().message, testing::Not(HasSubstr(secret)));
    }
}

const std::vector<Refusal> kRefusals = {
    {"WrongToken", [](Case& c) { c.shown = token(3, 'x'); }, "the proof does not fit"},
    {"OldEpoch", [](Case& c) { c.shown = token(1, 'a'); }, "its token is of epoch 1, accepted is 3 and 2"},
    {"EpochOfTheFuture", [](Case& c) { c.shown = token(4, 'n'); }, "its token is of epoch 4"},
    {"SecretOfAnotherEpoch", [](Case& c) { c.shown = token(2, 'n'); }, "the proof does not fit"},
    {"TokenOfAnotherRole", [](Case& c) { c.shown = token(3, 'p'); }, "the proof does not fit"},
    {"RoleWithoutToken", [](Case& c) { c.office.access.tokens.clear(); }, "no token of this role is known"},
    {"ReplayOnAnotherConnection", [](Case& c) { c.made_on = std::string(32, 'z'); },
     "a request of another connection"},
    {"ProofOfAnotherRequest",
     [](Case& c) {
         c.request.csr_pem = crypto::make_request(c.key, c.wanted).value();
         c.request.proof = make_proof(c.shown, kBinding, c.request);
         c.request.csr_pem = crypto::make_request(crypto::make_private_key().value(), c.wanted).value();
     },
     "the proof does not fit"},
    {"NoBinding",
     [](Case& c) {
         c.made_on.clear();
         c.connection.binding.clear();
     },
     "the proof does not fit"},
    {"RoleOfEtcd",
     [](Case& c) {
         c.request.role = "etcd";
         c.wanted.role = "etcd";
     },
     "no node of role 'etcd' joins"},
    {"UnknownRole", [](Case& c) { c.request.role = "admin"; }, "no node of role 'admin' joins"},
    {"CsrOfAnotherRole", [](Case& c) { c.wanted.role = "etcd"; }, "it asks for CN=db-1,OU=etcd,O=orders"},
    {"CsrOfAnotherCluster", [](Case& c) { c.wanted.cluster = "billing"; }, "O=billing"},
    {"CsrOfAnotherName", [](Case& c) { c.wanted.common_name = "db-2"; }, "CN=db-2"},
    {"CsrForAnotherAddress", [](Case& c) { c.wanted.ip_addresses.push_back("10.0.0.11"); },
     "it asks for the address 10.0.0.11, and comes from 10.0.0.21"},
    {"CsrForAnothersService", [](Case& c) { c.wanted.dns_names.push_back("etcd.orders.internal"); },
     "the name etcd.orders.internal"},
    {"CsrForAnothersName", [](Case& c) { c.wanted.dns_names.push_back("db-2.orders.internal"); },
     "the name db-2.orders.internal"},
    {"NameOfAFounder",
     [](Case& c) {
         c.request.name = "etcd-1";
         c.wanted.common_name = "etcd-1";
     },
     "'etcd-1' cannot be the name of a db node"},
    {"NameThatIsNone",
     [](Case& c) {
         c.request.name = "db/1";
         c.wanted.common_name = "db/1";
     },
     "cannot be the name"},
    {"FromOutsideTheNetwork",
     [](Case& c) {
         c.connection.address = "192.0.2.1";
         c.wanted.ip_addresses = {"192.0.2.1"};
     },
     "it comes from 192.0.2.1, not from 10.0.0.0/24"},
    {"Rubbish", [](Case& c) { c.request.csr_pem = "rubbish"; }, "cannot be read"},
    {"WeakKey", [](Case& c) { c.request.csr_pem = sample("rsa1024.csr"); }, "a key of RSA 1024 is not accepted"},
    {"BadSelfSignature", [](Case& c) { c.request.csr_pem = sample("bad-signature.csr"); },
     "not signed by its own key"},
    {"AsksForACa", [](Case& c) { c.request.csr_pem = sample("ca.csr"); }, "it asks for a CA"},
    {"CertificateOfAForeignCa",
     [](Case& c) {
         const auto foreign = crypto::make_ca("orders", "db", kNow).value();
         c.connection.certificate_pem = leaf_pem(foreign, c.wanted);
     },
     "is not trusted"},
    {"CertificateOfAnotherRole",
     [](Case& c) {
         auto leaf = c.wanted;
         leaf.role = "proxy";
         c.connection.certificate_pem = leaf_pem(pki().proxy, leaf);
     },
     "is not trusted"},
    {"CertificateOfAnotherNode",
     [](Case& c) {
         auto leaf = c.wanted;
         leaf.common_name = "db-2";
         c.connection.certificate_pem = leaf_pem(pki().db, leaf);
     },
     "the certificate shown is the one of db-2"},
    {"CertificateThatHasExpired",
     [](Case& c) { c.connection.certificate_pem = leaf_pem(pki().db, c.wanted, kNow - std::chrono::days(31)); },
     "certificate has expired"},
    {"CertificateOfTheFuture",
     [](Case& c) { c.connection.certificate_pem = leaf_pem(pki().db, c.wanted, kNow + std::chrono::days(1)); },
     "is not yet valid"},
    {"RenewalForAnotherKey",
     [](Case& c) {
         c.connection.certificate_pem = leaf_pem(pki().db, c.wanted);
         c.key = crypto::make_private_key().value();
     },
     "for the same key"},
};

INSTANTIATE_TEST_SUITE_P(Join, JoinRefuses, testing::ValuesIn(kRefusals),
                         [](const auto& param_info) { return param_info.param.name; });

TEST(JoinSigner, WritesTheLeafItself) {
    // Whatever extensions a request asks for: the leaf says what the signer says.
    const auto pem =
        crypto::sign_request(pki().db, sample("ca.csr"), leaf_of("orders", Role::db, "db-1", "10.0.0.21"), kNow)
            .value();
    const auto leaf = crypto::inspect_certificate(pem).value();
    EXPECT_FALSE(leaf.is_ca);
    EXPECT_EQ(leaf.subject, "CN=db-1,OU=db,O=orders");
    EXPECT_EQ(leaf.not_after - leaf.not_before, std::chrono::days(30));
    EXPECT_EQ(leaf.ip_addresses, (std::vector<std::string>{"10.0.0.21", "127.0.0.1"}));
}

// ---- whose a name is --------------------------------------------------------------------------------

Applicant applicant() {
    return {.role = Role::db, .name = "db-1", .address = "10.0.0.21", .key_sha256 = "mine", .renews = false};
}

Claim claim(std::string key, std::string address, std::string role = "db") {
    return {.key_sha256 = std::move(key), .role = std::move(role), .address = std::move(address), .at = "t"};
}

TEST(JoinDecide, AFreeNameIsGiven) {
    const auto decision = decide(applicant(), {}, kNow);
    ASSERT_TRUE(std::holds_alternative<Sign>(decision));
    EXPECT_EQ(std::get<Sign>(decision).claim.key_sha256, "mine");
    EXPECT_EQ(std::get<Sign>(decision).claim.address, "10.0.0.21");
}

TEST(JoinDecide, TheOwnNameIsGivenAgainAlsoAtAnotherAddress) {
    const auto decision = decide(applicant(), {.claim = claim("mine", "10.0.0.99")}, kNow);
    ASSERT_TRUE(std::holds_alternative<Sign>(decision));
    EXPECT_EQ(std::get<Sign>(decision).claim.address, "10.0.0.21");
    EXPECT_EQ(std::get<Sign>(decision).claim.at, "t");
}

TEST(JoinDecide, AMachineMadeAnewAtItsAddressGetsItsNameBack) {
    EXPECT_TRUE(std::holds_alternative<Sign>(decide(applicant(), {.claim = claim("other", "10.0.0.21")}, kNow)));
}

TEST(JoinDecide, ANameOfAnotherKeyIsRefusedWhileItsMachineAnswers) {
    Register known{.claim = claim("other", "10.0.0.99"), .holder_answers = true};
    EXPECT_TRUE(needs_holder(applicant(), known));
    const auto decision = decide(applicant(), known, kNow);
    ASSERT_TRUE(std::holds_alternative<Refuse>(decision));
    EXPECT_THAT(std::get<Refuse>(decision).reason, HasSubstr("10.0.0.99, which answers"));
    known.claim->silent_since = kNow - std::chrono::hours(1); // it has come back
    EXPECT_TRUE(std::holds_alternative<Refuse>(decide(applicant(), known, kNow)));
}

TEST(JoinDecide, ANameIsGivenAwayWhenItsMachineHasBeenSilentForAMinute) {
    Register known{.claim = claim("other", "10.0.0.99")};
    const auto first = decide(applicant(), known, kNow);
    ASSERT_TRUE(std::holds_alternative<Wait>(first));
    ASSERT_TRUE(std::get<Wait>(first).claim.has_value());
    EXPECT_EQ(std::get<Wait>(first).claim->key_sha256, "other") << "it still is the holder's";
    known.claim = std::get<Wait>(first).claim;
    const auto second = decide(applicant(), known, kNow + kSilence - std::chrono::seconds(1));
    ASSERT_TRUE(std::holds_alternative<Wait>(second));
    EXPECT_FALSE(std::get<Wait>(second).claim.has_value());
    const auto third = decide(applicant(), known, kNow + kSilence);
    ASSERT_TRUE(std::holds_alternative<Sign>(third));
    EXPECT_FALSE(std::get<Sign>(third).claim.silent_since.has_value());
}

TEST(JoinDecide, ANameOfAnotherRoleIsRefused) {
    EXPECT_TRUE(
        std::holds_alternative<Refuse>(decide(applicant(), {.claim = claim("other", "10.0.0.21", "proxy")}, kNow)));
}

TEST(JoinDecide, WhoeverWasRevokedIsRefusedByNameKeyAndAddress) {
    for (const auto& revocation : {Revocation{.name = "db-1", .key_sha256 = "x", .address = "y", .at = "t"},
                                   Revocation{.name = "x", .key_sha256 = "mine", .address = "y", .at = "t"},
                                   Revocation{.name = "x", .key_sha256 = "y", .address = "10.0.0.21", .at = "t"}}) {
        const auto decision =
            decide(applicant(), {.claim = claim("mine", "10.0.0.21"), .revoked = {revocation}}, kNow);
        ASSERT_TRUE(std::holds_alternative<Refuse>(decision));
        EXPECT_THAT(std::get<Refuse>(decision).reason, HasSubstr("revoked at t"));
    }
    EXPECT_TRUE(std::holds_alternative<Sign>(
        decide(applicant(), {.revoked = {{.name = "db-2", .key_sha256 = "k", .address = "a", .at = "t"}}}, kNow)));
}

TEST(JoinMessages, AreReadAsTheyWereWritten) {
    SignRequest request{.generation = 4, .role = "db", .name = "db-1", .csr_pem = "csr"};
    request.proof = make_proof(token(3, 'n'), kBinding, request);
    const auto read = sign_request_from_json(to_json_line(request)).value();
    EXPECT_EQ(read.generation, 4);
    EXPECT_EQ(read.csr_pem, "csr");
    EXPECT_EQ(read.proof->mac, request.proof->mac);
    EXPECT_EQ(read.proof->nonce, request.proof->nonce);
    EXPECT_EQ(claim_from_json(to_json_line(claim("k", "a"))).value(), claim("k", "a"));
    auto silent = claim("k", "a");
    silent.silent_since = kNow;
    EXPECT_EQ(claim_from_json(to_json_line(silent)).value(), silent);
    const Trust trust{.generation = 2,
                      .etcd_ca = pki().etcd.certificate_pem,
                      .db_ca = pki().db.certificate_pem,
                      .proxy_ca = pki().proxy.certificate_pem};
    EXPECT_EQ(trust_from_json(to_json_text(trust)).value(), trust);
    const auto grant = grant_from_json(to_json_line(Grant{.certificate_pem = "c", .trust = trust})).value();
    EXPECT_EQ(grant.trust, trust);
    EXPECT_EQ(grant.certificate_pem, "c");
}

TEST(JoinMessages, ThatAreBrokenAreRefused) {
    for (const auto* const text : {"", "{", "[]", "{}", R"({"version":2})"}) {
        EXPECT_FALSE(sign_request_from_json(text).has_value()) << text;
    }
    for (const auto* const text : {"", "{}", R"({"generation":0})", R"({"generation":1,"etcd_ca":"x"})"}) {
        EXPECT_FALSE(trust_from_json(text).has_value()) << text;
    }
    EXPECT_FALSE(grant_from_json("{}").has_value());
    EXPECT_FALSE(claim_from_json("{}").has_value());
}

TEST(JoinMessages, AProofChangesWithEverythingItCovers) {
    const SignRequest request{.generation = 1, .role = "db", .name = "db-1", .csr_pem = "csr"};
    const auto secret = token(1, 'n').secret;
    const auto mac = mac_of(secret, kBinding, request, "nonce");
    auto other = request;
    other.role = "proxy";
    EXPECT_NE(mac_of(secret, kBinding, other, "nonce"), mac);
    other = request;
    other.name = "db-2";
    EXPECT_NE(mac_of(secret, kBinding, other, "nonce"), mac);
    other = request;
    other.csr_pem = "csr2";
    EXPECT_NE(mac_of(secret, kBinding, other, "nonce"), mac);
    EXPECT_NE(mac_of(secret, std::string(32, 'c'), request, "nonce"), mac);
    EXPECT_NE(mac_of(secret, kBinding, request, "other"), mac);
    EXPECT_NE(mac_of(token(1, 'm').secret, kBinding, request, "nonce"), mac);
    EXPECT_EQ(mac.size(), 32U);
}

} // namespace
} // namespace ingot::firstboot::join
