#include <gtest/gtest.h>

#include "common/http/http.hpp"
#include "firstboot/etcd/disk.hpp"
#include "firstboot/etcd/observe.hpp"
#include "firstboot/identity/identity.hpp"
#include "tests/unit/firstboot/fakes.hpp"

namespace ingot::firstboot {
namespace {

using cloud_init::Role;

/// Two founders on loopback addresses, each with a disk and an identity of its own.
class Attest : public testing::Test {
  protected:
    void SetUp() override {
        const auto now = clock::SystemClock().now(); // curl and OpenSSL go by the real one
        for (auto* const world : {&first_, &second_, &stranger_}) { world->clock.advance(now - world->clock.now()); }
        const auto etcd = crypto::make_ca("orders", "etcd", now).value();
        const auto db = crypto::make_ca("orders", "db", now).value();
        cloud_init::IngotConfig config{.cluster = "orders", .cluster_id = "c-1", .role = Role::etcd};
        config.etcd.founders = {{"etcd-1", "127.0.11.1"}, {"etcd-2", "127.0.11.2"}};
        config.pki = {.etcd_ca = etcd.certificate_pem, .db_ca = db.certificate_pem, .proxy_ca = db.certificate_pem};
        config.pki.keys = {{Role::etcd, etcd.key_pem}};
        one_ = {.name = "etcd-1", .instance_id = "i-1", .address = "127.0.11.1", .config = config};
        two_ = {.name = "etcd-2", .instance_id = "i-2", .address = "127.0.11.2", .config = config};
        for (auto* const world : {&first_, &second_}) {
            world->environment.make_http = [] { return std::make_unique<http::CurlClient>(); };
        }
        ASSERT_TRUE(obtain_identity(one_, first_.environment));
        ASSERT_TRUE(obtain_identity(two_, second_.environment));
        config.role = Role::db;
        config.pki.keys = {{Role::db, db.key_pem}};
        ASSERT_TRUE(obtain_identity({.name = "db-1", .instance_id = "i-3", .address = "127.0.11.3", .config = config},
                                    stranger_.environment));
    }

    static Founding record(const NodeSpec& node, Phase phase) {
        return {.cluster_id = "c-1",
                .name = node.name,
                .instance_id = node.instance_id,
                .phase = phase,
                .token = "t",
                .initial_cluster = "x"};
    }

    Result<Situation> look() {
        etcd::Member member{.node = one_, .environment = first_.environment};
        return etcd::observe(member, true);
    }

    test::World first_{};
    test::World second_{};
    test::World stranger_{};
    NodeSpec one_{};
    NodeSpec two_{};
};

TEST_F(Attest, AFounderHearsWhatTheOtherHasOnItsDisk) {
    const auto before = look();
    ASSERT_TRUE(before.has_value()) << before.error().to_string();
    ASSERT_EQ(before->peers.size(), 1U);
    EXPECT_FALSE(before->peers[0].answer.has_value());
    EXPECT_FALSE(before->peers[0].silence.empty());

    const auto server = serve_attestation(two_, second_.environment.root);
    ASSERT_TRUE(server.has_value()) << server.error().to_string();
    const auto virgin = look()->peers[0].answer;
    ASSERT_TRUE(virgin.has_value()) << look()->peers[0].silence;
    EXPECT_EQ(*virgin, (Attestation{.cluster_id = "c-1", .name = "etcd-2", .instance_id = "i-2"}));

    ASSERT_TRUE(write_founding(second_.environment.root, record(two_, Phase::started)));
    second_.write("/var/lib/ingot-etcd/member/wal/0000000000000000-0000000000000000.wal", "log");
    const auto started = look()->peers[0].answer;
    ASSERT_TRUE(started.has_value());
    EXPECT_EQ(started->phase, Phase::started);
    EXPECT_EQ(started->token, "t");
    EXPECT_TRUE(started->has_data);
}

TEST_F(Attest, ARecordOfAnotherMachineIsNotItsOwn) {
    auto foreign = record(two_, Phase::member);
    foreign.instance_id = "i-0";
    ASSERT_TRUE(write_founding(second_.environment.root, foreign));
    EXPECT_EQ(attest(two_, second_.environment.root)->phase, Phase::virgin);
}

TEST_F(Attest, OnlyFoundersAreAnswered) {
    const auto server = serve_attestation(two_, second_.environment.root);
    ASSERT_TRUE(server.has_value());
    http::CurlClient http;
    const std::string base = "https://127.0.11.2:2381";
    const auto ask = [&](const std::string& path, std::optional<http::Tls> tls) {
        return http.send({.url = base + path, .tls = std::move(tls), .timeout = std::chrono::seconds(4)});
    };
    auto nobody = tls_for(first_.environment.root, "etcd");
    nobody.cert_file.clear();
    nobody.key_file.clear();
    EXPECT_FALSE(ask("/v1/attest", nobody).has_value());
    EXPECT_FALSE(ask("/v1/attest", tls_for(stranger_.environment.root, "etcd")).has_value());
    const auto founder = tls_for(first_.environment.root, "etcd");
    EXPECT_EQ(ask("/v1/attest", founder)->status, 200);
    EXPECT_EQ(ask("/etc/passwd", founder)->status, 404);
    EXPECT_EQ(ask("/v1/attest?member=x%20y", founder)->status, 404);
    EXPECT_EQ(ask("/v1/attest?member=127.0.11.9", founder)->status, 200);
}

TEST_F(Attest, AMemberThatCallsIsHeard) {
    std::string heard;
    const auto server =
        serve_attestation(two_, second_.environment.root, [&heard](const std::string& address) { heard = address; });
    ASSERT_TRUE(server.has_value());
    const auto view = etcd::ask_agent(first_.environment, "etcd-2", "127.0.11.2", attest_path("127.0.11.1"));
    EXPECT_TRUE(view.answer.has_value()) << view.silence;
    EXPECT_EQ(heard, "127.0.11.1");
}

TEST_F(Attest, ALongRequestIsCutOff) {
    const auto server = serve_attestation(two_, second_.environment.root);
    ASSERT_TRUE(server.has_value());
    http::CurlClient http;
    const auto founder = tls_for(first_.environment.root, "etcd");
    EXPECT_FALSE(
        http.send({.url = "https://127.0.11.2:2381/" + std::string(40'000, 'x'), .tls = founder}).has_value());
    EXPECT_TRUE(http.send({.url = "https://127.0.11.2:2381/v1/attest", .tls = founder}).has_value());
}

TEST_F(Attest, TheMarkTellsTheSameDataFolderFromAnother) {
    ASSERT_TRUE(write_founding(first_.environment.root, record(one_, Phase::started)));
    EXPECT_TRUE(look()->same_data_folder);
    ASSERT_TRUE(files::remove_tree(first_.environment.root.at("/var/lib/ingot-etcd")));
    EXPECT_FALSE(look()->same_data_folder);
}

TEST_F(Attest, ARecordThatCannotBeReadIsAFault) {
    first_.write("/var/lib/ingot/etcd.json", "{");
    EXPECT_EQ(look().error().kind, ErrorKind::invalid_input);
}

} // namespace
} // namespace ingot::firstboot
