// Why etcd's users and roles (RBAC) are not what keeps a stolen proxy from Patroni's keys: what the releases that
// Debian ships really do, asked over the gateway as Patroni and the agent ask. Held here so that the day on which it
// is no longer true is noticed; docs/security.md draws the conclusion.
#include <chrono>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/json/json.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "tests/component/etcd/etcd_cluster.hpp"

namespace ingot::firstboot {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr int kOk = 200;
const std::string kLeader = "/service/orders/leader";
const std::string kElsewhere = "/ingot/orders/names/db-1";

/// The releases of Debian 12 and 13. What another one does has to be looked at anew.
const std::set<std::string> kKnown = {"3.4.23", "3.5.16"};

class EtcdAccess : public testing::Test {
  protected:
    void SetUp() override {
        if (!test::find_etcd()) { GTEST_SKIP() << "etcd is not installed (package etcd-server)"; }
        cluster_.emplace(1, 0, std::vector<std::string>{"--bcrypt-cost=4"});
        nameless_ = cluster_->nameless_tls();
        ASSERT_TRUE(eventually([&] { return ask("kv/range", {{"key", bytes(kLeader)}}).status == kOk; }));
        const auto version = json::parse(send({.url = cluster_->endpoint(0) + "/version", .tls = nameless_}).body);
        ASSERT_TRUE(version.has_value());
        version_ = json::string_at(*version, "etcdserver").value_or("");
        if (!kKnown.contains(version_)) {
            GTEST_SKIP() << "etcd " << version_
                         << " is none of the releases that this is known of: look again whether "
                         << "its roles can be relied on";
        }
        put(kLeader, "db-1");
        put(kElsewhere, "somebody's");
        for (const auto& [user, password, right] :
             {std::tuple{"patroni", "pp", "READWRITE"}, std::tuple{"proxy", "xp", "READ"}}) {
            must("auth/user/add", {{"name", user}, {"password", password}});
            must("auth/role/add", {{"name", user}});
            must("auth/role/grant", {{"name", user},
                                     {"perm",
                                      {{"permType", right},
                                       {"key", bytes("/service/orders/")},
                                       {"range_end", bytes("/service/orders0")}}}});
            must("auth/user/grant", {{"user", user}, {"role", user}});
        }
        must("auth/user/add", {{"name", "root"}, {"password", "rp"}});
        must("auth/role/add", {{"name", "root"}});
        must("auth/user/grant", {{"user", "root"}, {"role", "root"}});
        must("auth/enable", json::Json::object());
        proxy_ = login("proxy", "xp");
        patroni_ = login("patroni", "pp");
    }

    template <typename Done>
    static bool eventually(const Done& done) {
        for (int attempt = 0; attempt < 100; ++attempt) {
            if (done()) { return true; }
            std::this_thread::sleep_for(100ms);
        }
        return false;
    }
    static std::string bytes(const std::string& text) { return crypto::base64_encode(text); }
    http::Response send(http::Request request) {
        auto response = http_.send(request);
        return response ? *std::move(response) : http::Response{};
    }
    /// As whoever holds the certificate, which is one without a common name if none is given, and the token.
    http::Response ask(const std::string& path, const json::Json& body, const std::string& token = {},
                       std::optional<http::Tls> tls = {}) {
        http::Request request{.method = "POST",
                              .url = text::format("{}/v3/{}", cluster_->endpoint(0), path),
                              .body = json::to_line(body),
                              .tls = tls ? tls : nameless_,
                              .timeout = 5s};
        if (!token.empty()) { request.headers.push_back("Authorization: " + token); }
        return send(std::move(request));
    }
    void must(const std::string& path, const json::Json& body) {
        const auto response = ask(path, body);
        ASSERT_EQ(response.status, kOk) << path << ": " << response.body;
    }
    void put(const std::string& key, const std::string& value) {
        must("kv/put", {{"key", bytes(key)}, {"value", bytes(value)}});
    }
    std::string login(const std::string& user, const std::string& password) {
        const auto answer = json::parse(ask("auth/authenticate", {{"name", user}, {"password", password}}).body);
        return answer ? json::string_at(*answer, "token").value_or("") : "";
    }
    std::string value_of(const std::string& key, const std::string& token) {
        const auto answer = json::parse(ask("kv/range", {{"key", bytes(key)}}, token).body);
        if (!answer || !json::member(*answer, "kvs").is_array()) { return "(nothing)"; }
        return crypto::base64_decode(json::string_at(json::member(*answer, "kvs").at(0), "value").value_or(""))
            .value_or("");
    }
    static json::Json put_request(const std::string& key, const std::string& value) {
        return {{"requestPut", {{"key", bytes(key)}, {"value", bytes(value)}}}};
    }
    static json::Json transaction(const json::Json& request) { return {{"success", json::Json::array({request})}}; }

    std::optional<test::EtcdCluster> cluster_{};
    http::Tls nameless_{};
    http::CurlClient http_{};
    std::string version_{};
    std::string proxy_{};
    std::string patroni_{};
};

TEST_F(EtcdAccess, ACertificateThatNamesItsOwnerIsRefusedByTheGateway) {
    // Every certificate of ours names its node: all of Patroni and of the agent would stop on the day it is enabled.
    for (const auto& token : {std::string(), patroni_}) {
        const auto answer = ask("kv/range", {{"key", bytes(kLeader)}}, token, cluster_->client_tls());
        EXPECT_EQ(answer.status, 400);
        EXPECT_THAT(answer.body, HasSubstr("CommonName of client sending a request against gateway"));
    }
    EXPECT_EQ(ask("kv/range", {{"key", bytes(kLeader)}}, patroni_).status, kOk);
    EXPECT_THAT(ask("kv/range", {{"key", bytes(kLeader)}}).body, HasSubstr("user name is empty"));
}

TEST_F(EtcdAccess, APlainWriteOfAReaderIsRefused) {
    EXPECT_EQ(value_of(kLeader, proxy_), "db-1");
    EXPECT_EQ(value_of(kElsewhere, proxy_), "(nothing)");
    const json::Json write{{"key", bytes(kLeader)}, {"value", bytes("stolen")}};
    EXPECT_THAT(ask("kv/put", write, proxy_).body, HasSubstr("permission denied"));
    EXPECT_THAT(ask("kv/txn", transaction(put_request(kLeader, "stolen")), proxy_).body,
                HasSubstr("permission denied"));
    EXPECT_EQ(value_of(kLeader, patroni_), "db-1");
    EXPECT_EQ(ask("kv/put", write, patroni_).status, kOk) << "the right user may";
}

TEST_F(EtcdAccess, AReaderWritesAndReadsEverythingByATransactionInATransaction) {
    // CVE-2026-33343: only the outer transaction is checked.
    const auto wrote =
        ask("kv/txn", transaction({{"requestTxn", transaction(put_request(kLeader, "stolen"))}}), proxy_);
    EXPECT_EQ(wrote.status, kOk) << wrote.body;
    EXPECT_EQ(value_of(kLeader, patroni_), "stolen");
    const auto read =
        ask("kv/txn", transaction({{"requestTxn", transaction({{"requestRange", {{"key", bytes(kElsewhere)}}}})}}),
            proxy_);
    EXPECT_THAT(read.body, HasSubstr(bytes("somebody's")));
}

TEST_F(EtcdAccess, WhoeverHasACertificateStopsAllWritesWithoutAnyUser) {
    // CVE-2026-33413: alarms, leases and the list of members are asked for no user at all.
    EXPECT_EQ(ask("cluster/member/list", json::Json::object()).status, kOk);
    EXPECT_EQ(ask("lease/grant", {{"TTL", 60}}).status, kOk);
    const auto raised = ask("maintenance/alarm", {{"action", "ACTIVATE"}, {"memberID", "1"}, {"alarm", "NOSPACE"}});
    EXPECT_EQ(raised.status, kOk) << raised.body;
    const auto refused = ask("kv/put", {{"key", bytes(kLeader)}, {"value", bytes("db-2")}}, patroni_);
    EXPECT_THAT(refused.body, HasSubstr("database space exceeded"));
}

TEST_F(EtcdAccess, ALeaseIsKeptAliveByAnybodyAndEndedOnlyByWhoMayWriteItsKeys) {
    const auto granted = json::parse(ask("lease/grant", {{"TTL", 60}}, patroni_).body);
    ASSERT_TRUE(granted.has_value());
    const auto lease = json::string_at(*granted, "ID").value_or("");
    ASSERT_EQ(ask("kv/put", {{"key", bytes(kLeader)}, {"value", bytes("db-1")}, {"lease", lease}}, patroni_).status,
              kOk);
    EXPECT_THAT(ask("lease/revoke", {{"ID", lease}}, proxy_).body, HasSubstr("permission denied"));
    EXPECT_EQ(value_of(kLeader, patroni_), "db-1");
    EXPECT_THAT(ask("lease/keepalive", {{"ID", lease}}, proxy_).body, HasSubstr("\"TTL\":\"60\""));
}

TEST_F(EtcdAccess, ByGrpcTheCommonNameIsTheUser) {
    // Of no use to us: neither Patroni nor the agent speaks it.
    process::PosixProcesses processes;
    const auto tls = cluster_->client_tls(); // CN=db-1
    const auto etcdctl = [&](std::vector<std::string> words) {
        std::vector<std::string> argv = {"env",
                                         "ETCDCTL_API=3",
                                         *test::find_etcd() + "ctl",
                                         "--endpoints=" + cluster_->endpoint(0),
                                         "--cacert=" + tls.ca_file.string(),
                                         "--cert=" + tls.cert_file.string(),
                                         "--key=" + tls.key_file.string()};
        argv.insert(argv.end(), words.begin(), words.end());
        auto output = processes.run({.argv = std::move(argv), .timeout = 10s});
        return output ? output->out + output->err : output.error().to_string();
    };
    if (const auto version = etcdctl({"version"}); version.find("etcdctl version") == std::string::npos) {
        GTEST_SKIP() << "etcdctl is not installed (package etcd-client)";
    }
    EXPECT_THAT(etcdctl({"get", kLeader}), testing::AnyOf(HasSubstr("permission denied"), HasSubstr("user name")))
        << "db-1 is no user yet";
    const auto root = login("root", "rp");
    ASSERT_EQ(ask("auth/user/add", {{"name", "db-1"}, {"password", "x"}}, root).status, kOk);
    ASSERT_EQ(ask("auth/user/grant", {{"user", "db-1"}, {"role", "proxy"}}, root).status, kOk);
    EXPECT_THAT(etcdctl({"get", kLeader}), HasSubstr("db-1"));
    EXPECT_THAT(etcdctl({"put", kLeader, "stolen"}), HasSubstr("permission denied"));
}

} // namespace
} // namespace ingot::firstboot
