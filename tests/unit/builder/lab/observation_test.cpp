#include "builder/lab/model/observation.hpp"

#include <gtest/gtest.h>

using namespace ingot::builder::lab;

namespace {

constexpr const char* kReady = R"({"version":1,"state":"ready","messages":[],"steps":[]})";
constexpr HostPorts kPorts = {.primary = 5000, .replica = 5001, .pool = 6432};

const Member kDb = {.name = "db-1", .role = Role::db, .address = "10.0.0.21"};
const Member kEtcd = {.name = "etcd-1", .role = Role::etcd, .address = "10.0.0.11"};
const Member kProxy = {.name = "proxy-1", .role = Role::proxy, .address = "10.0.0.31"};

Sighting inside(const char* agent) { return {.running = true, .agent_json = agent, .looked_inside = true}; }

} // namespace

TEST(AgentReportTest, SaysWhyItWaits) {
    const auto report = read_agent(R"({"state":"waiting","messages":["for etcd-2","for etcd-3"],"steps":[]})");
    EXPECT_EQ(report.state, "waiting");
    EXPECT_EQ(report.message, "for etcd-2; for etcd-3");
}

TEST(AgentReportTest, NamesTheStepItIsIn) {
    const auto report = read_agent(R"({"state":"starting","steps":[{"name":"a","state":"done"},
        {"name":"b","description":"start Patroni","state":"running","message":"second try"},{"name":"c","state":"pending"}]})");
    EXPECT_EQ(report.message, "start Patroni: second try");
}

TEST(AgentReportTest, SurvivesAnyText) {
    for (const auto* text : {"", "null", "[]", "{", R"({"state":7,"steps":3,"messages":{}})"}) {
        EXPECT_EQ(read_agent(text).state, "unknown") << text;
    }
}

TEST(PatroniView, IsReadByName) {
    const auto members = read_patroni(R"({"members":[
        {"name":"db-1","role":"leader","state":"running","timeline":3},
        {"name":"db-2","role":"sync_standby","state":"streaming","timeline":3,"lag":0},
        {"name":"db-3","role":"replica","state":"starting","lag":"unknown"}],"scope":"orders"})");
    ASSERT_EQ(members.size(), 3U);
    EXPECT_EQ(members.at("db-1").role, "leader");
    EXPECT_EQ(members.at("db-2").lag, 0);
    EXPECT_FALSE(members.at("db-3").lag.has_value());
    EXPECT_TRUE(read_patroni("nonsense").empty());
    EXPECT_TRUE(read_patroni("").empty());
}

TEST(EtcdView, TellsLeaderFollowerAndLossOfQuorum) {
    EXPECT_TRUE(
        read_etcd(R"({"header":{"member_id":"18446744073709551615"},"leader":"18446744073709551615"})")->leader);
    const auto follower = read_etcd(R"({"header":{"member_id":"1"},"leader":"2"})");
    EXPECT_TRUE(!follower->leader && follower->has_leader && !follower->learner);
    EXPECT_FALSE(read_etcd(R"({"header":{"member_id":"1"}})")->has_leader);
    EXPECT_TRUE(read_etcd(R"({"header":{"member_id":"1"},"leader":"2","isLearner":true})")->learner);
    EXPECT_FALSE(read_etcd("").has_value());
}

TEST(Judgement, AStoppedMachineIsNotHealthy) {
    const auto report = judge(kDb, {.running = false, .ended = "powered off by itself"}, kPorts);
    EXPECT_EQ(report.machine, "stopped");
    EXPECT_EQ(report.detail, "powered off by itself");
    EXPECT_FALSE(report.healthy);
}

TEST(Judgement, AMachineWithoutAnAgentYetIsBooting) {
    const auto report = judge(kDb, {.running = true}, kPorts);
    EXPECT_EQ(report.agent, "booting");
    EXPECT_FALSE(report.healthy);
}

TEST(Judgement, AReadyAgentIsEnoughWhenNobodyLookedInside) {
    EXPECT_TRUE(judge(kDb, {.running = true, .agent_json = kReady}, kPorts).healthy);
}

TEST(Judgement, AReplicaIsHealthyOnlyWhenItStreams) {
    auto seen = inside(kReady);
    seen.patroni = {.role = "replica", .state = "running", .timeline = 1, .lag = 0};
    EXPECT_FALSE(judge(kDb, seen, kPorts).healthy);
    seen.patroni->state = "streaming";
    const auto report = judge(kDb, seen, kPorts);
    EXPECT_TRUE(report.healthy);
    EXPECT_FALSE(report.leader);
    EXPECT_EQ(report.detail, "replica, streaming, timeline 1, lag 0 B");
}

TEST(Judgement, ThePrimaryIsCalledPrimary) {
    auto seen = inside(kReady);
    seen.patroni = {.role = "leader", .state = "running", .timeline = 2};
    const auto report = judge(kDb, seen, kPorts);
    EXPECT_TRUE(report.healthy && report.leader);
    EXPECT_EQ(report.detail, "primary, running, timeline 2");
}

TEST(Judgement, ADbMachineThatPatroniDoesNotListIsNotHealthy) {
    EXPECT_FALSE(judge(kDb, inside(kReady), kPorts).healthy);
}

TEST(Judgement, AnEtcdMemberNeedsAQuorumAndAVote) {
    auto seen = inside(kReady);
    EXPECT_FALSE(judge(kEtcd, seen, kPorts).healthy);
    seen.etcd = {.leader = false, .learner = false, .has_leader = true};
    EXPECT_TRUE(judge(kEtcd, seen, kPorts).healthy);
    EXPECT_EQ(judge(kEtcd, seen, kPorts).detail, "follower");
    seen.etcd->learner = true;
    EXPECT_FALSE(judge(kEtcd, seen, kPorts).healthy);
    seen.etcd = {.leader = false, .learner = false, .has_leader = false};
    EXPECT_EQ(judge(kEtcd, seen, kPorts).detail, "no quorum");
}

TEST(Judgement, AProxyListensOnAllItsPorts) {
    auto seen = inside(kReady);
    seen.open_ports = {5000, 6432};
    EXPECT_FALSE(judge(kProxy, seen, kPorts).healthy);
    EXPECT_EQ(judge(kProxy, seen, kPorts).detail, "listens on 5000 6432, not on 5001");
    seen.open_ports = {5000, 5001, 6432};
    EXPECT_TRUE(judge(kProxy, seen, kPorts).healthy);
}

TEST(Judgement, WhileTheAgentWorksItsOwnWordsAreShown) {
    auto seen = inside(R"({"state":"waiting","messages":["for a leader"]})");
    seen.patroni = {.role = "replica", .state = "streaming"};
    EXPECT_EQ(judge(kDb, seen, kPorts).detail, "for a leader");
    EXPECT_FALSE(judge(kDb, seen, kPorts).healthy);
}

namespace {

MemberReport db(const char* name, const char* role, const char* state, int timeline = 2) {
    auto seen = inside(kReady);
    seen.patroni = {.role = role, .state = state, .timeline = timeline};
    return judge({.name = name, .role = Role::db}, seen, kPorts);
}

} // namespace

TEST(JudgementTogether, APrimaryWithoutASynchronousReplicaIsNotHealthy) {
    std::vector<MemberReport> reports = {db("db-1", "leader", "running"), db("db-2", "replica", "streaming")};
    judge_together(reports, false);
    EXPECT_TRUE(reports[0].healthy);
    judge_together(reports, true);
    EXPECT_FALSE(reports[0].healthy);
    EXPECT_EQ(reports[0].detail, "primary, running, timeline 2, no synchronous replica yet");
}

TEST(JudgementTogether, ASynchronousReplicaProtectsThePrimary) {
    std::vector<MemberReport> reports = {db("db-1", "leader", "running"), db("db-2", "sync_standby", "streaming")};
    judge_together(reports, true);
    EXPECT_TRUE(reports[0].healthy);
    EXPECT_EQ(reports[1].detail, "synchronous replica, streaming, timeline 2");
}

TEST(JudgementTogether, APrimaryThatIsAloneHasNobodyToWaitFor) {
    std::vector<MemberReport> reports = {db("db-1", "leader", "running")};
    judge_together(reports, true);
    EXPECT_TRUE(reports[0].healthy);
}

TEST(JudgementTogether, AReplicaOnAnOldTimelineIsNotHealthyAlthoughItStreams) {
    std::vector<MemberReport> reports = {db("db-1", "leader", "running"), db("db-2", "sync_standby", "streaming"),
                                         db("db-3", "replica", "streaming", 1)};
    judge_together(reports, true);
    EXPECT_FALSE(reports[2].healthy);
    EXPECT_EQ(reports[2].detail, "replica, streaming, timeline 1, not on the primary's timeline");
    EXPECT_TRUE(reports[0].healthy && reports[1].healthy);
}
