// A node gets its certificate over real TLS, and the name is claimed in a real etcd; whoever may not, is refused, and
// both sides say why without the secret.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/request.hpp"
#include "common/text/text.hpp"
#include "common/tls/client.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/join/claims.hpp"
#include "firstboot/join/leaf.hpp"
#include "firstboot/join/signer.hpp"
#include "tests/component/etcd/etcd_cluster.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

using cloud_init::Pki;
using cloud_init::Role;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr const char* kHere = "127.0.0.1"; // where connections over loopback come from

cloud_init::RoleToken token(int epoch, char letter) {
    return {.epoch = epoch, .secret = crypto::Secret(std::string(32, letter))};
}

class Join : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        if (ingot::test::find_etcd()) { etcd_ = new ingot::test::EtcdCluster(1); }
    }
    static void TearDownTestSuite() {
        delete etcd_;
        etcd_ = nullptr;
    }
    void SetUp() override {
        if (etcd_ == nullptr) { GTEST_SKIP() << "etcd is not installed"; }
        const auto now = clock::SystemClock().now(); // OpenSSL goes by the real one
        for (auto* const world : {&office_, &machine_}) { world->clock.advance(now - world->clock.now()); }
        address_ = etcd_->endpoints().at(0).substr(8);
        address_ = address_.substr(0, address_.find(':'));
        static int number = 0;
        cloud_init::IngotConfig config{
            .cluster = text::format("orders{}", ++number), .cluster_id = "c-1", .network = "127.0.0.0/8"};
        etcd_ca_ = crypto::make_ca(config.cluster, "etcd", now).value();
        db_ca_ = crypto::make_ca(config.cluster, "db", now).value();
        proxy_ca_ = crypto::make_ca(config.cluster, "proxy", now).value();
        config.etcd.founders = {{"etcd-1", address_}};
        config.pki = {.etcd_ca = etcd_ca_.certificate_pem,
                      .db_ca = db_ca_.certificate_pem,
                      .proxy_ca = proxy_ca_.certificate_pem};
        signer_ = {.name = "etcd-1", .instance_id = "i-1", .address = address_, .config = config};
        signer_.config.role = Role::etcd;
        signer_.config.pki.keys = {
            {Role::etcd, etcd_ca_.key_pem}, {Role::db, db_ca_.key_pem}, {Role::proxy, proxy_ca_.key_pem}};
        signer_access_.tokens = {{Role::db, {token(2, 'n'), token(1, 'o')}}, {Role::proxy, {token(1, 'p')}}};
        node_ = {.name = "db-1", .instance_id = "i-2", .address = kHere, .config = config};
        access_.tokens = {{Role::db, {token(2, 'n')}}};
        for (auto* const world : {&office_, &machine_}) {
            world->environment.make_http = [] { return std::make_unique<http::CurlClient>(); };
        }
        open_office();
    }

    /// (Re)starts the join service with what signer_ says now.
    void open_office() {
        server_.reset();
        ASSERT_TRUE(obtain_identity(signer_, signer_access_, office_.environment));
        auto server = join::serve(signer_, signer_access_, office_.environment, [this] { return session(); });
        ASSERT_TRUE(server.has_value()) << server.error().to_string();
        server_ = *std::move(server);
    }
    EtcdSession session() const {
        return {std::make_unique<http::CurlClient>(), {{"etcd-1", address_}}, etcd_->client_tls()};
    }
    std::optional<join::Claims::Stored> claim_of(const std::string& name) {
        auto etcd = session();
        return join::Claims(*etcd, node_.config.cluster).find(name).value();
    }
    std::string certificate() const { return machine_.read("/etc/ingot/pki/node.crt"); }

    /// Tries to get a certificate. Returns what the node says and what the signer logs about the refusal.
    struct Refusal {
        std::string node;
        std::string signer;
    };
    Refusal refused() {
        testing::internal::CaptureStderr();
        const auto result = obtain_identity(node_, access_, machine_.environment);
        server_.reset(); // so that everything is logged
        const auto log = testing::internal::GetCapturedStderr();
        EXPECT_FALSE(result.has_value());
        EXPECT_FALSE(files::exists(machine_.environment.root.at("/etc/ingot/pki/node.crt")));
        Refusal said{.node = result ? "" : result.error().to_string(), .signer = log};
        for (const auto& [role, tokens] : access_.tokens) {
            for (const auto& secret :
                 {tokens.at(0).secret.reveal(), crypto::base64_encode(tokens.at(0).secret.reveal())}) {
                EXPECT_THAT(said.node + said.signer, Not(HasSubstr(secret)));
            }
        }
        return said;
    }

    static ingot::test::EtcdCluster* etcd_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    test::World office_{};
    test::World machine_{};
    std::string address_;
    crypto::Identity etcd_ca_{};
    crypto::Identity db_ca_{};
    crypto::Identity proxy_ca_{};
    NodeSpec signer_{};
    NodeSpec node_{};
    cloud_init::AccessConfig signer_access_{};
    cloud_init::AccessConfig access_{};
    std::unique_ptr<tls::Server> server_{};
};

ingot::test::EtcdCluster* Join::etcd_ = nullptr;

TEST_F(Join, ANodeGetsItsCertificateAndItsName) {
    const auto fresh = obtain_identity(node_, access_, machine_.environment);
    ASSERT_TRUE(fresh.has_value()) << fresh.error().to_string();
    const auto info = crypto::inspect_certificate(certificate()).value();
    EXPECT_EQ(info.subject, "CN=db-1,OU=db,O=" + node_.config.cluster);
    EXPECT_TRUE(crypto::verify_identity(certificate(), crypto::Secret(machine_.read("/etc/ingot/pki/node.key")),
                                        db_ca_.certificate_pem, machine_.clock.now()));
    const auto claim = claim_of("db-1");
    ASSERT_TRUE(claim.has_value());
    EXPECT_EQ(claim->claim.key_sha256, crypto::owner_of(certificate())->key_sha256);
    EXPECT_EQ(claim->claim.address, kHere);
    EXPECT_FALSE(obtain_identity(node_, access_, machine_.environment).value()) << "it is kept";
}

TEST_F(Join, ACertificateIsRenewedWithoutTheToken) {
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    const auto first = certificate();
    const auto key = machine_.read("/etc/ingot/pki/node.key");
    access_.tokens.clear();
    machine_.clock.advance(std::chrono::days(11));
    const auto renewed = obtain_identity(node_, access_, machine_.environment);
    ASSERT_TRUE(renewed.has_value()) << renewed.error().to_string();
    EXPECT_TRUE(*renewed);
    EXPECT_NE(certificate(), first);
    EXPECT_EQ(machine_.read("/etc/ingot/pki/node.key"), key);
}

TEST_F(Join, AnExpiredCertificateIsReplacedWithTheToken) {
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    const crypto::Secret key(machine_.read("/etc/ingot/pki/node.key"));
    const auto wanted = leaf_request(node_);
    const auto expired = crypto::sign_request(db_ca_, crypto::make_request(key, wanted).value(), wanted,
                                              machine_.clock.now() - std::chrono::days(40));
    machine_.write("/etc/ingot/pki/node.crt", expired.value());
    const auto replaced = obtain_identity(node_, access_, machine_.environment);
    ASSERT_TRUE(replaced.has_value()) << replaced.error().to_string();
    EXPECT_TRUE(crypto::verify_identity(certificate(), key, db_ca_.certificate_pem, machine_.clock.now()));
}

TEST_F(Join, AWrongTokenIsRefused) {
    access_.tokens = {{Role::db, {token(2, 'x')}}};
    const auto said = refused();
    EXPECT_THAT(said.node, HasSubstr("the proof does not fit"));
    EXPECT_THAT(said.signer, HasSubstr("join: refused db-1 (db) at 127.0.0.1: the proof does not fit"));
    EXPECT_FALSE(claim_of("db-1").has_value());
}

TEST_F(Join, ATokenIsAcceptedForOneRotationAndThenRefused) {
    access_.tokens = {{Role::db, {token(1, 'o')}}};
    EXPECT_TRUE(obtain_identity(node_, access_, machine_.environment).has_value());
    ASSERT_TRUE(files::remove_file(machine_.environment.root.at("/etc/ingot/pki/node.crt")));
    signer_access_.tokens[Role::db] = {token(3, 'q'), token(2, 'n')};
    open_office();
    const auto said = refused();
    EXPECT_THAT(said.node, HasSubstr("its token is of epoch 1, accepted is 3 and 2"));
    EXPECT_THAT(said.signer, HasSubstr("its token is of epoch 1"));
}

TEST_F(Join, TheTokenOfAnotherRoleIsRefused) {
    access_.tokens = {{Role::db, {{.epoch = 1, .secret = token(1, 'p').secret}}}}; // the proxies' one
    EXPECT_THAT(refused().signer, HasSubstr("the proof does not fit"));
}

TEST_F(Join, ARequestThatIsReplayedIsRefused) {
    // What went over one connection, byte for byte, over another one.
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    const crypto::Secret key(machine_.read("/etc/ingot/pki/node.key"));
    join::SignRequest request{
        .role = "db", .name = "db-1", .csr_pem = crypto::make_request(key, leaf_request(node_)).value()};
    std::string recorded;
    const auto post = [&](const std::function<std::string(const std::string&)>& body) {
        return tls::ask({.address = address_,
                         .port = join::kPort,
                         .ca_file = machine_.environment.root.at("/etc/ingot/pki/ca-etcd.crt"),
                         .path = std::string(join::kSignPath)},
                        body);
    };
    const auto first = post([&](const std::string& binding) {
        request.proof = join::make_proof(token(2, 'n'), binding, request);
        recorded = join::to_json_line(request);
        return recorded;
    });
    ASSERT_TRUE(first.has_value()) << first.error().to_string();
    EXPECT_EQ(first->status, 200) << first->body;
    testing::internal::CaptureStderr();
    const auto second = post([&](const std::string& /*binding*/) { return recorded; });
    server_.reset();
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("a request of another connection"));
    ASSERT_TRUE(second.has_value());
    EXPECT_EQ(second->status, 403);
}

TEST_F(Join, ARequestForAnotherAddressIsRefused) {
    node_.address = "127.0.0.99";
    const auto said = refused();
    EXPECT_THAT(said.node, HasSubstr("it asks for the address 127.0.0.99, and comes from 127.0.0.1"));
    EXPECT_THAT(said.signer, HasSubstr("it asks for the address 127.0.0.99"));
}

TEST_F(Join, ASignerOfAForeignCaIsToldNothing) {
    node_.config.pki.etcd_ca = crypto::make_ca(node_.config.cluster, "etcd", machine_.clock.now())->certificate_pem;
    const auto said = refused();
    EXPECT_THAT(said.node, HasSubstr("its certificate is not trusted"));
    EXPECT_THAT(said.signer, HasSubstr("join: no TLS with 127.0.0.1"));
}

TEST_F(Join, ACertificateOfAForeignCaIsRefusedInTheHandshake) {
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    const auto foreign = crypto::make_ca(node_.config.cluster, "db", machine_.clock.now()).value();
    const auto leaf = crypto::issue_leaf(foreign, leaf_request(node_), machine_.clock.now()).value();
    machine_.write("/etc/ingot/pki/foreign.crt", leaf.certificate_pem);
    machine_.write("/etc/ingot/pki/foreign.key", leaf.key_pem.reveal());
    testing::internal::CaptureStderr();
    const auto answer = tls::ask({.address = address_,
                                  .port = join::kPort,
                                  .ca_file = machine_.environment.root.at("/etc/ingot/pki/ca-etcd.crt"),
                                  .cert_file = machine_.environment.root.at("/etc/ingot/pki/foreign.crt"),
                                  .key_file = machine_.environment.root.at("/etc/ingot/pki/foreign.key"),
                                  .method = "GET",
                                  .path = std::string(join::kTrustPath)},
                                 [](const std::string&) { return std::string(); });
    server_.reset();
    const auto log = testing::internal::GetCapturedStderr();
    EXPECT_FALSE(answer.has_value());
    EXPECT_THAT(log, HasSubstr("join: no TLS with 127.0.0.1"));
}

TEST_F(Join, WhomToTrustIsToldOnlyToNodes) {
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    const auto answer = tls::ask({.address = address_,
                                  .port = join::kPort,
                                  .ca_file = machine_.environment.root.at("/etc/ingot/pki/ca-etcd.crt"),
                                  .method = "GET",
                                  .path = std::string(join::kTrustPath)},
                                 [](const std::string&) { return std::string(); });
    ASSERT_TRUE(answer.has_value()) << answer.error().to_string();
    EXPECT_EQ(answer->status, 403);
}

TEST_F(Join, ANameIsGivenAwayWhenItsMachineIsSilent) {
    auto etcd = session();
    join::Claims claims(*etcd, node_.config.cluster);
    ASSERT_TRUE(claims.write("db-1", {.key_sha256 = "other", .role = "db", .address = "127.0.0.77", .at = "t"}, {}));
    // Over loopback every address refuses a connection, so somebody is there.
    EXPECT_THAT(refused().signer, HasSubstr("the name db-1 belongs to the machine at 127.0.0.77, which answers"));
    // Nobody can be connected to at this one.
    ASSERT_TRUE(claims.write("db-1", {.key_sha256 = "other", .role = "db", .address = "255.255.255.255", .at = "t"},
                             claims.find("db-1").value()));
    open_office();
    EXPECT_THAT(refused().node, HasSubstr("silent for 60 s"));
    office_.clock.advance(join::kSilence);
    open_office();
    EXPECT_TRUE(obtain_identity(node_, access_, machine_.environment).has_value());
    EXPECT_EQ(claim_of("db-1")->claim.address, kHere);
}

TEST_F(Join, ANodeThatWasRevokedGetsNothingAnyMore) {
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    const auto first = certificate();
    auto etcd = session();
    join::Claims claims(*etcd, node_.config.cluster);
    ASSERT_TRUE(claims.revoke(
        {.name = "db-1", .key_sha256 = claim_of("db-1")->claim.key_sha256, .address = "127.0.0.55", .at = "now"}));
    machine_.clock.advance(std::chrono::days(11));
    const auto refused = obtain_identity(node_, access_, machine_.environment);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().to_string(), HasSubstr("db-1 was revoked at now"));
    EXPECT_EQ(certificate(), first) << "what it has ends by itself";
    ASSERT_TRUE(claims.lift("db-1"));
    EXPECT_TRUE(obtain_identity(node_, access_, machine_.environment).has_value());
}

TEST_F(Join, TheSignersTellWhoIsShutOutAndTellARevokedNodeNothing) {
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    auto etcd = session();
    join::Claims claims(*etcd, node_.config.cluster);
    const auto told = [&] { return refresh_trust(node_, access_, machine_.environment); };
    EXPECT_THAT(told()->value(), IsEmpty());
    ASSERT_TRUE(
        claims.revoke({.name = "db-9", .key_sha256 = "9", .address = "10.0.0.29", .at = "2027-01-15T08:00:00Z"}));
    EXPECT_THAT(told()->value(), ElementsAre("10.0.0.29"));
    const auto key = claim_of("db-1")->claim.key_sha256;
    ASSERT_TRUE(
        claims.revoke({.name = "db-8", .key_sha256 = key, .address = "10.0.0.28", .at = "2027-01-15T08:00:00Z"}));
    const auto refused = told();
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().to_string(), HasSubstr("db-1 was revoked at 2027-01-15T08:00:00Z"));
    ASSERT_TRUE(claims.lift("db-8"));
    ASSERT_TRUE(claims.lift("db-9"));
    EXPECT_THAT(told()->value(), IsEmpty());
    // Without a quorum nobody knows, and a node keeps what it has.
    etcd_->kill(0);
    const auto unknown = told();
    ASSERT_TRUE(unknown.has_value()) << unknown.error().to_string();
    EXPECT_FALSE(unknown->has_value());
    etcd_->start(0);
}

TEST_F(Join, ACaIsReplacedInThreeStepsThatEachNodeFollows) {
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    const auto old = db_ca_;
    const auto next = crypto::make_ca(node_.config.cluster, "db", machine_.clock.now()).value();
    const auto follow = [&](const std::string& bundle, const crypto::Identity& signing) {
        auto& pki = signer_.config.pki;
        ++signer_access_.generation;
        pki.db_ca = bundle;
        pki.keys.insert_or_assign(Role::db, signing.key_pem);
        open_office();
        const auto before = certificate();
        const auto refreshed = refresh_trust(node_, access_, machine_.environment);
        ASSERT_TRUE(refreshed.has_value()) << refreshed.error().to_string();
        const auto renewed = obtain_identity(node_, access_, machine_.environment);
        ASSERT_TRUE(renewed.has_value()) << renewed.error().to_string();
        EXPECT_TRUE(*renewed);
        EXPECT_NE(certificate(), before);
        EXPECT_EQ(machine_.read("/etc/ingot/pki/ca-db.crt"), bundle);
        EXPECT_TRUE(crypto::verify_identity(certificate(), {}, signing.certificate_pem, machine_.clock.now()));
        EXPECT_FALSE(obtain_identity(node_, access_, machine_.environment).value());
    };
    follow(old.certificate_pem + next.certificate_pem, old);
    follow(next.certificate_pem + old.certificate_pem, next);
    follow(next.certificate_pem, next);
    EXPECT_FALSE(crypto::verify_identity(certificate(), {}, old.certificate_pem, machine_.clock.now()));
}

TEST_F(Join, TheSignersHearWhichGenerationEachNodeHas) {
    auto etcd = session();
    join::Claims claims(*etcd, node_.config.cluster);
    const auto seen = [&](const std::string& name) -> std::optional<join::Sighting> {
        const auto all = claims.sightings().value();
        for (const auto& [who, sighting] : all) {
            if (who == name) { return sighting; }
        }
        return std::nullopt;
    };
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    EXPECT_FALSE(seen("db-1").has_value());
    ASSERT_TRUE(refresh_trust(node_, access_, machine_.environment));
    ASSERT_TRUE(seen("db-1").has_value());
    EXPECT_EQ(seen("db-1")->generation, signer_access_.generation);
    EXPECT_EQ(seen("db-1")->role, "db");
    EXPECT_EQ(seen("db-1")->address, kHere);
    EXPECT_EQ(seen("db-1")->until, crypto::inspect_certificate(certificate())->not_after);
    // The signers have rotated. A node has followed when its certificate is of the new generation, not when it has
    // heard.
    const int before = signer_access_.generation;
    ++signer_access_.generation;
    signer_.config.pki.db_ca += crypto::make_ca(node_.config.cluster, "db", machine_.clock.now())->certificate_pem;
    open_office();
    ASSERT_TRUE(refresh_trust(node_, access_, machine_.environment));
    EXPECT_EQ(seen("db-1")->generation, before);
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment).value());
    ASSERT_TRUE(refresh_trust(node_, access_, machine_.environment));
    EXPECT_EQ(seen("db-1")->generation, before + 1);
    // An etcd node asks nobody.
    ASSERT_TRUE(record_generation(signer_, office_.environment, etcd));
    EXPECT_EQ(seen("etcd-1")->generation, before + 1);
    EXPECT_EQ(seen("etcd-1")->role, "etcd");
}

TEST_F(Join, NobodySpeaksForAnotherRole) {
    // A CA of proxies that went bad makes a certificate for db-1: it is let in by TLS, and what it says is not kept.
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    const auto forged = crypto::issue_leaf(proxy_ca_, leaf_request(node_), machine_.clock.now()).value();
    machine_.write("/etc/ingot/pki/node.crt", forged.certificate_pem);
    machine_.write("/etc/ingot/pki/node.key", forged.key_pem.reveal());
    const auto said = refresh_trust(node_, access_, machine_.environment);
    auto etcd = session();
    EXPECT_TRUE(join::Claims(*etcd, node_.config.cluster).sightings()->empty());
}

TEST_F(Join, TheCaOfTheSignersThemselvesIsReplaced) {
    ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment));
    const auto next = crypto::make_ca(node_.config.cluster, "etcd", machine_.clock.now()).value();
    for (const auto& bundle : {etcd_ca_.certificate_pem + next.certificate_pem,
                               next.certificate_pem + etcd_ca_.certificate_pem, next.certificate_pem}) {
        auto& pki = signer_.config.pki;
        ++signer_access_.generation;
        pki.etcd_ca = bundle;
        if (signer_access_.generation > 2) { pki.keys.insert_or_assign(Role::etcd, next.key_pem); }
        open_office();
        const auto refreshed = refresh_trust(node_, access_, machine_.environment);
        ASSERT_TRUE(refreshed.has_value()) << signer_access_.generation << ": " << refreshed.error().to_string();
        ASSERT_TRUE(obtain_identity(node_, access_, machine_.environment).has_value()) << signer_access_.generation;
        EXPECT_EQ(machine_.read("/etc/ingot/pki/ca-etcd.crt"), bundle);
    }
}

TEST_F(Join, WithoutQuorumNothingIsSignedAndTheReasonIsSaid) {
    etcd_->kill(0);
    const auto said = refused();
    EXPECT_THAT(said.node, HasSubstr("etcd-1: 127."));
    EXPECT_THAT(said.signer, HasSubstr("join: not yet db-1 (db) at 127.0.0.1"));
    etcd_->start(0);
    open_office();
    auto etcd = session();
    for (int i = 0; i < 100 && !etcd->check_quorum(); ++i) {
        clock::SystemClock().sleep(std::chrono::milliseconds(100));
    }
    EXPECT_TRUE(obtain_identity(node_, access_, machine_.environment).has_value());
}

} // namespace
} // namespace ingot::firstboot
