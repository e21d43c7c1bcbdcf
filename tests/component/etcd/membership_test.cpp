// What the membership code relies on, tried against the etcd that is installed (3.4 of Debian 12 or 3.5 of Debian
// 13).
#include <chrono>
#include <thread>

#include <gtest/gtest.h>

#include "common/json/json.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/cluster_client.hpp"
#include "firstboot/etcd/cluster_view.hpp"
#include "firstboot/etcd/duties.hpp"
#include "firstboot/etcd/observe.hpp"
#include "tests/component/etcd/etcd_cluster.hpp"

namespace ingot::firstboot {
namespace {

using namespace std::chrono_literals;

class RealMembership : public testing::Test {
  protected:
    void SetUp() override {
        if (!test::find_etcd()) { GTEST_SKIP() << "etcd is not installed (package etcd-server)"; }
    }

    static bool until(const std::function<bool()>& done, std::chrono::seconds patience = 60s) {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (std::chrono::steady_clock::now() < deadline) {
            if (done()) { return true; }
            std::this_thread::sleep_for(100ms);
        }
        return false;
    }
    ClusterClient client_for(const test::EtcdCluster& cluster, std::vector<std::string> endpoints) {
        return {http_, std::move(endpoints), cluster.client_tls()};
    }
    /// A cluster that has had a quorum for longer than etcd wants before it changes members (5 s).
    bool settle(const test::EtcdCluster& cluster, ClusterClient& client) {
        return until([&] { return client.check_quorum().has_value(); }) && until([&] {
                   const auto added = client.add_learner(cluster.peer_url(0));
                   // The address is a member's already: that is found after the health check.
                   return !added && added.error().message.find("unhealthy") == std::string::npos;
               });
    }
    Result<etcd::PeerPortAnswer> peer_port(const test::EtcdCluster& cluster, std::size_t member) {
        constexpr int kHex = 16;
        INGOT_ASSIGN(const auto response,
                     http_.send({.url = cluster.peer_url(member) + "/members", .tls = cluster.peer_tls()}), "");
        etcd::PeerPortAnswer answer;
        answer.cluster_id = std::stoull(response.headers.at("x-etcd-cluster-id"), nullptr, kHex);
        INGOT_ASSIGN(const auto list, json::parse(response.body), "");
        for (const auto& entry : list) {
            auto listed = gateway::member_from(entry);
            listed.id = json::unsigned_at(entry, "id").value_or(0);
            answer.members.push_back(std::move(listed));
        }
        return answer;
    }

    http::CurlClient http_;
};

TEST_F(RealMembership, AMachineJoinsAsALearnerAndBecomesAVoter) {
    test::EtcdCluster cluster(1, 2);
    auto client = client_for(cluster, cluster.endpoints());
    ASSERT_TRUE(settle(cluster, client));
    const auto added = client.add_learner(cluster.peer_url(1));
    ASSERT_TRUE(added.has_value()) << added.error().to_string();
    EXPECT_TRUE(added->front().learner);
    EXPECT_TRUE(added->front().name.empty());
    ASSERT_EQ(added->size(), 3U) << "the new one, then all";

    // One at a time.
    const auto second = client.add_learner(cluster.peer_url(2));
    ASSERT_FALSE(second.has_value());
    EXPECT_EQ(second.error().kind, ErrorKind::tool_failed) << second.error().to_string();
    EXPECT_NE(second.error().message.find("too many learner"), std::string::npos) << second.error().to_string();

    const std::vector<EtcdMember> members(added->begin() + 1, added->end());
    cluster.start_joiner(1, initial_cluster_of(members, added->front().id, cluster.name(1)));
    auto learner = client_for(cluster, {cluster.endpoint(1)});
    ASSERT_TRUE(until([&] { return learner.status().has_value(); })) << cluster.log_of(1);
    const auto status = learner.status();
    EXPECT_TRUE(status->learner);
    EXPECT_EQ(status->member_id, added->front().id);
    // It serves its status, and no reads through a quorum.
    EXPECT_FALSE(learner.check_quorum().has_value());
    ASSERT_TRUE(until([&] { return client.promote_member(added->front().id).has_value(); }));
    EXPECT_TRUE(until([&] { return learner.check_quorum().has_value(); }));
    EXPECT_FALSE(client.members()->back().learner);

    // Once a voter, a second promotion says that it is no learner; the list tells.
    const auto again = client.promote_member(added->front().id);
    EXPECT_FALSE(again.has_value());
    EXPECT_NE(again.error().message.find("can only promote a learner member"), std::string::npos);
}

TEST_F(RealMembership, AWordThatTheGatewayDoesNotKnowAddsAVoter) {
    test::EtcdCluster cluster(1, 1);
    auto client = client_for(cluster, cluster.endpoints());
    ASSERT_TRUE(settle(cluster, client));
    const auto response =
        http_.send({.method = "POST",
                    .url = cluster.endpoint(0) + "/v3/cluster/member/add",
                    .body = text::format(R"({{"peerURLs":["{}"],"is_learner":true}})", cluster.peer_url(1)),
                    .tls = cluster.client_tls()});
    ASSERT_TRUE(response.has_value());
    EXPECT_EQ(response->status, 200) << response->body;
    const auto body = json::parse(response->body);
    ASSERT_TRUE(body.has_value());
    EXPECT_FALSE(json::flag_at(json::member(*body, "member"), "isLearner")) << "so the answer has to be looked at";
}

TEST_F(RealMembership, TheSameConfigurationMakesTheSameClusterAgain) {
    test::EtcdCluster cluster(1);
    auto client = client_for(cluster, cluster.endpoints());
    ASSERT_TRUE(until([&] { return client.check_quorum().has_value(); }));
    const auto before = client.identify();
    cluster.wipe(0);
    cluster.start(0);
    ASSERT_TRUE(until([&] { return client.check_quorum().has_value(); }));
    const auto after = client.identify();
    EXPECT_EQ(before->cluster_id, after->cluster_id) << "so the token has to be another one each time";
    EXPECT_EQ(before->member_id, after->member_id);
}

TEST_F(RealMembership, ADeadVoterBlocksJoiningUntilItIsRemoved) {
    test::EtcdCluster cluster(3, 1);
    auto client = client_for(cluster, {cluster.endpoint(0)});
    ASSERT_TRUE(settle(cluster, client));
    const auto identity = client.identify();
    const auto members = client.members().value();
    const auto victim = *std::ranges::find(members, cluster.name(2), &EtcdMember::name);
    const auto is_heard = [&] {
        const auto metrics = http_.send({.url = cluster.endpoint(0) + "/metrics", .tls = cluster.client_tls()});
        if (!metrics) { return true; }
        const auto peers = gateway::active_peers_from(metrics->body);
        return std::ranges::find(peers, victim.id) != peers.end();
    };
    EXPECT_TRUE(is_heard());
    cluster.kill(2);
    EXPECT_TRUE(until([&] { return !is_heard(); })) << "a dead member is told from a living one by the others";

    // If the dead one was the leader, there is an election before the refusal.
    EXPECT_TRUE(until([&] {
        const auto refused = client.add_learner(cluster.peer_url(3));
        return !refused && refused.error().kind == ErrorKind::transient &&
               refused.error().message.find("unhealthy cluster") != std::string::npos;
    }));
    ASSERT_TRUE(until([&] { return client.remove_member(victim.id).has_value(); }));
    EXPECT_TRUE(client.remove_member(victim.id).has_value()) << "removing it twice is no failure";
    EXPECT_EQ(client.members()->size(), 2U);
    EXPECT_TRUE(until([&] { return client.add_learner(cluster.peer_url(3)).has_value(); }));
    EXPECT_EQ(client.identify()->cluster_id, identity->cluster_id);

    // Who was removed is told so when it comes back, in the words that are looked for.
    cluster.start(2);
    EXPECT_TRUE(until([&] { return etcd::read_last_words(cluster.log_of(2)) == LastWords::removed; }))
        << cluster.log_of(2);
}

TEST_F(RealMembership, WithoutAQuorumOnlyThePeerPortSaysThatThereIsACluster) {
    test::EtcdCluster cluster(3);
    auto client = client_for(cluster, cluster.endpoints());
    ASSERT_TRUE(until([&] { return client.check_quorum().has_value(); }));
    const auto identity = client.identify();
    for (std::size_t member = 0; member < 3; ++member) { cluster.kill(member); }
    cluster.start(0);
    ASSERT_TRUE(until([&] { return peer_port(cluster, 0).has_value(); })) << cluster.log_of(0);
    const auto answer = peer_port(cluster, 0);
    EXPECT_EQ(answer->cluster_id, identity->cluster_id);
    EXPECT_EQ(answer->members.size(), 3U);
    EXPECT_NE(answer->members.front().id, 0U);
    EXPECT_FALSE(client_for(cluster, {cluster.endpoint(0)}).status().has_value()) << "the client port hangs";
}

TEST_F(RealMembership, ASnapshotIsWholeAndCanBeRestored) {
    test::EtcdCluster cluster(1);
    auto client = client_for(cluster, cluster.endpoints());
    ASSERT_TRUE(until([&] { return client.put("/t/a", std::string(200'000, 'x')).has_value(); }));
    const auto file = cluster.folder() / "snapshot.db";
    std::string content;
    const auto taken = client.snapshot(
        [&content](std::string_view piece) -> Status {
            content += piece;
            return {};
        },
        60s);
    ASSERT_TRUE(taken.has_value()) << taken.error().to_string();
    constexpr std::size_t kDigest = 32;
    ASSERT_GT(content.size(), 200'000U);
    EXPECT_EQ(crypto::sha256_hex(std::string_view(content).substr(0, content.size() - kDigest)),
              crypto::hex_encode(std::string_view(content).substr(content.size() - kDigest)));
    ASSERT_TRUE(files::write(file, content));
    process::PosixProcesses processes;
    const auto restored =
        processes.run({.argv = {"etcdctl", "snapshot", "restore", file.string(),
                                "--data-dir=" + (cluster.folder() / "restored").string(), "--name=again",
                                "--initial-cluster=again=https://127.0.0.1:2380", "--initial-cluster-token=other",
                                "--initial-advertise-peer-urls=https://127.0.0.1:2380"},
                       .environment = {{"ETCDCTL_API", "3"}, {"PATH", std::getenv("PATH")}}});
    ASSERT_TRUE(restored.has_value()) << restored.error().to_string();
    EXPECT_EQ(restored->exit_code, 0) << restored->err;
    EXPECT_TRUE(files::exists(cluster.folder() / "restored/member/wal"));
}

TEST_F(RealMembership, SpaceIsMadeWhenThereIsNone) {
    test::EtcdCluster cluster(3, 0, {"--quota-backend-bytes=20000000"});
    auto client = client_for(cluster, cluster.endpoints());
    ASSERT_TRUE(settle(cluster, client));
    // The same key over and over: what fills the space is history.
    const std::string value(1'000'000, 'x');
    ASSERT_TRUE(until([&] {
        const auto put = client.put("/t/a", value);
        return !put && put.error().message.find("space") != std::string::npos;
    }));
    const auto alarms = client.alarms();
    ASSERT_TRUE(alarms.has_value() && !alarms->empty());
    EXPECT_EQ(alarms->front().kind, "NOSPACE");

    const auto session = [&](const std::string& endpoint) {
        return ClusterSession(std::make_unique<http::CurlClient>(), {endpoint}, cluster.client_tls());
    };
    std::vector<ClusterSession> sessions;
    for (const auto& endpoint : cluster.endpoints()) { sessions.push_back(session(endpoint)); }
    auto whole = session(cluster.endpoint(0));
    const auto made = etcd::make_space(whole, {&sessions[0], &sessions[1], &sessions[2]});
    ASSERT_TRUE(made.has_value()) << made.error().to_string();
    EXPECT_TRUE(client.alarms()->empty());
    EXPECT_TRUE(client.put("/t/b", "1").has_value());
    EXPECT_EQ((*client.get("/t/a"))->value, value);
    for (auto& each : sessions) { EXPECT_LT(each->status()->db_size, 10'000'000); }
}

TEST_F(RealMembership, TheLeadershipIsHandedOver) {
    test::EtcdCluster cluster(3);
    auto client = client_for(cluster, cluster.endpoints());
    ASSERT_TRUE(until([&] { return client.check_quorum().has_value(); }));
    const auto leader = client_for(cluster, {cluster.endpoint(0)}).status()->leader;
    for (std::size_t member = 0; member < 3; ++member) {
        auto own = client_for(cluster, {cluster.endpoint(member)});
        if (own.status()->member_id != leader) { continue; }
        const auto heir = client_for(cluster, {cluster.endpoint((member + 1) % 3)}).status()->member_id;
        ASSERT_TRUE(own.move_leader(heir).has_value());
        EXPECT_TRUE(until([&] { return own.status()->leader == heir; }));
        return;
    }
    FAIL() << "nobody leads";
}

} // namespace
} // namespace ingot::firstboot
