#include "firstboot/db/retire.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot::db {
namespace {

ClusterMember leader(const std::string& name) {
    return {.name = name, .role = "leader", .state = "running", .timeline = 3};
}
ClusterMember replica(const std::string& name, const std::string& role = "replica") {
    return {.name = name, .role = role, .state = "streaming", .timeline = 3, .lag = 0};
}

std::string name_of(const RetireStep& step) {
    if (const auto* const over = std::get_if<SwitchOver>(&step)) { return "switch over to " + over->candidate; }
    if (std::holds_alternative<WaitFor>(step)) { return "wait"; }
    return std::holds_alternative<Leave>(step) ? "leave" : "refuse";
}

struct Case {
    std::string what;
    ClusterView cluster;
    RetireWish wish;
    std::string expected;
};

TEST(RetireDecision, NeverLeavesTheClusterWorseThanItWasAskedTo) {
    auto late = replica("db-2");
    late.lag = 64 << 20;
    auto old = replica("db-2");
    old.timeline = 2;
    auto delayed = replica("db-2");
    delayed.nofailover = true;
    auto copying = replica("db-2");
    copying.state = "creating replica";
    const RetireWish one{.self = "db-1"};
    const RetireWish alone{.self = "db-1", .leave_no_replica = true};
    const RetireWish sync{.self = "db-1", .synchronous = true};
    const std::vector<Case> cases = {
        {"paused", {.paused = true, .members = {leader("db-1"), replica("db-2"), replica("db-3")}}, one, "refuse"},
        {"the only one", {.members = {leader("db-1")}}, alone, "refuse"},
        {"nobody leads", {.members = {replica("db-1"), replica("db-2"), replica("db-3")}}, one, "wait"},
        {"leads, two are fit",
         {.members = {leader("db-1"), replica("db-2"), replica("db-3")}},
         one,
         "switch over to db-2"},
        {"leads, one would be left alone", {.members = {leader("db-1"), replica("db-2")}}, one, "wait"},
        {"leads, and that is wanted", {.members = {leader("db-1"), replica("db-2")}}, alone, "switch over to db-2"},
        {"leads, none is fit: late", {.members = {leader("db-1"), late}}, alone, "wait"},
        {"leads, none is fit: old timeline", {.members = {leader("db-1"), old}}, alone, "wait"},
        {"leads, none is fit: may not lead", {.members = {leader("db-1"), delayed}}, alone, "wait"},
        {"leads, none is fit: being made", {.members = {leader("db-1"), copying}}, alone, "wait"},
        {"synchronous: the heir has every row",
         {.members = {leader("db-1"), replica("db-2"), replica("db-3", "sync_standby")}},
         sync,
         "switch over to db-3"},
        {"synchronous: nobody has", {.members = {leader("db-1"), replica("db-2"), replica("db-3")}}, sync, "wait"},
        {"quorum",
         {.members = {leader("db-1"), replica("db-2", "quorum_standby"), replica("db-3", "quorum_standby")}},
         sync,
         "switch over to db-2"},
        {"follows, another replica stays",
         {.members = {replica("db-1"), replica("db-2"), leader("db-3")}},
         one,
         "leave"},
        {"follows, none stays", {.members = {replica("db-1"), leader("db-3")}}, one, "wait"},
        {"follows, and that is wanted", {.members = {replica("db-1"), leader("db-3")}}, alone, "leave"},
        {"no member any more: retire was interrupted", {.members = {leader("db-2"), replica("db-3")}}, one, "leave"},
    };
    for (const auto& [what, cluster, wish, expected] : cases) {
        EXPECT_EQ(name_of(decide_retire(cluster, wish)), expected) << what;
    }
}

TEST(RetireDecision, ReadsPatronisView) {
    const auto view = cluster_from_json(R"({"members": [
        {"name": "db-1", "role": "leader", "state": "running", "timeline": 4},
        {"name": "db-2", "role": "sync_standby", "state": "streaming", "timeline": 4, "lag": 16,
         "tags": {"nofailover": true}},
        {"name": "db-3", "role": "replica", "state": "running", "lag": "unknown"}], "scope": "orders", "pause": true})");
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->paused);
    ASSERT_EQ(view->members.size(), 3U);
    EXPECT_EQ(view->members[1].lag, 16);
    EXPECT_TRUE(view->members[1].nofailover);
    EXPECT_FALSE(view->members[2].lag.has_value());
    EXPECT_FALSE(cluster_from_json("<html>"));
}

} // namespace
} // namespace ingot::firstboot::db
