#include "firstboot/db/decide.hpp"

#include <gtest/gtest.h>

namespace ingot::firstboot::db {
namespace {

using namespace std::chrono_literals;

enum class Want { start, discard, set_aside, refuse };

Want kind_of(const StartDecision& decision) {
    if (std::holds_alternative<Start>(decision)) { return Want::start; }
    if (std::holds_alternative<Discard>(decision)) { return Want::discard; }
    if (std::holds_alternative<SetAside>(decision)) { return Want::set_aside; }
    return Want::refuse;
}

enum class Owner { none, other_cluster, other_instance, claimed, member };

std::optional<Claim> claim_of(Owner owner) {
    switch (owner) {
    case Owner::none: return std::nullopt;
    case Owner::other_cluster: return Claim{.cluster_id = "c-2", .instance_id = "i-1", .member = true};
    case Owner::other_instance: return Claim{.cluster_id = "c-1", .instance_id = "i-2", .member = true};
    case Owner::claimed: return Claim{.cluster_id = "c-1", .instance_id = "i-1"};
    case Owner::member: return Claim{.cluster_id = "c-1", .instance_id = "i-1", .member = true};
    }
    return std::nullopt;
}

struct StartRow {
    const char* name;
    bool files;
    std::optional<std::string> system;
    Owner owner;
    std::optional<std::string> initialize;
    bool leader;
    std::optional<std::string> provisioned;
    std::vector<std::string> repository;
    Want want;
};

Past past_of(const StartRow& row) {
    return {.cluster_id = "c-1",
            .instance_id = "i-1",
            .data_directory = "/data",
            .has_files = row.files,
            .system_id = row.system,
            .claim = claim_of(row.owner),
            .initialize = row.initialize,
            .has_leader = row.leader,
            .provisioned = row.provisioned,
            .repository_ids = row.repository,
            .repository = "/repo"};
}

TEST(DatabaseStart, NeverInitialisesOverAPast) {
    constexpr std::nullopt_t kNo = std::nullopt;
    const StartRow rows[] = {
        // the first boot, and the boots after it
        {"an empty machine in a new cluster", false, kNo, Owner::none, kNo, false, kNo, {}, Want::start},
        {"an empty machine while another one bootstraps", false, kNo, Owner::none, "", false, kNo, {}, Want::start},
        {"an empty machine in a cluster that stands", false, kNo, Owner::none, "7", true, "7", {"7"}, Want::start},
        {"a member that boots again", true, "7", Owner::member, "7", true, "7", {"7"}, Want::start},
        {"a member that boots again, nobody leads", true, "7", Owner::member, "7", false, "7", {"7"}, Want::start},
        {"claimed, bootstrapped, not yet recorded", true, "7", Owner::claimed, "7", false, kNo, {}, Want::start},
        {"a member whose disk was replaced", false, kNo, Owner::member, "7", true, "7", {"7"}, Want::start},

        // A: whose data is it?
        {"data and no claim", true, "7", Owner::none, "7", true, "7", {"7"}, Want::refuse},
        {"data and no claim, new cluster", true, "7", Owner::none, kNo, false, kNo, {}, Want::refuse},
        {"files that are no database", true, kNo, Owner::none, kNo, false, kNo, {}, Want::refuse},
        {"data of another cluster", true, "7", Owner::other_cluster, kNo, false, kNo, {}, Want::refuse},
        {"a snapshot of a booted member", true, "7", Owner::other_instance, "7", true, "7", {"7"}, Want::refuse},
        // B: two clusters
        {"data of another database", true, "8", Owner::member, "7", true, "7", {"7"}, Want::refuse},
        {"data of another database, claimed only", true, "8", Owner::claimed, "7", true, "7", {}, Want::refuse},
        // C: a copy that was cut off
        {"half a first copy", true, kNo, Owner::claimed, "7", true, "7", {"7"}, Want::discard},
        {"half an initdb without pg_control", true, kNo, Owner::claimed, "", false, kNo, {}, Want::discard},
        {"half a copy anew of a member", true, kNo, Owner::member, "7", true, "7", {"7"}, Want::discard},
        {"a member without pg_control, nobody leads", true, kNo, Owner::member, "7", false, "7", {}, Want::refuse},
        // D: etcd knows nothing
        {"half an initdb", true, "7", Owner::claimed, "", false, kNo, {}, Want::set_aside},
        {"half an initdb, the key is gone already", true, "7", Owner::claimed, kNo, false, kNo, {}, Want::set_aside},
        {"a member, but etcd was lost", true, "7", Owner::member, kNo, false, kNo, {"7"}, Want::refuse},
        {"a member, while somebody bootstraps", true, "7", Owner::member, "", false, kNo, {}, Want::refuse},
        // G: witnesses
        {"empty, but the repository has backups", false, kNo, Owner::none, kNo, false, kNo, {"7"}, Want::refuse},
        {"the same while somebody bootstraps", false, kNo, Owner::none, "", false, kNo, {"7"}, Want::refuse},
        {"empty, but etcd has our mark", false, kNo, Owner::none, kNo, false, "7", {}, Want::refuse},
        {"empty, but was a member", false, kNo, Owner::member, kNo, false, kNo, {}, Want::refuse},
        {"empty, claimed in an earlier cluster", false, kNo, Owner::other_cluster, kNo, false, kNo, {}, Want::start},
    };
    for (const auto& row : rows) { EXPECT_EQ(kind_of(decide_start(past_of(row))), row.want) << row.name; }
}

TEST(DatabaseStart, SaysWhatToDoWhenItRefuses) {
    const auto decision = decide_start({.cluster_id = "c-1",
                                        .instance_id = "i-1",
                                        .data_directory = "/data",
                                        .repository_ids = {"7"},
                                        .repository = "/repo/orders-c1"});
    const auto* refuse = std::get_if<Refuse>(&decision);
    ASSERT_NE(refuse, nullptr);
    EXPECT_NE(refuse->reason.find("/repo/orders-c1"), std::string::npos);
    EXPECT_NE(refuse->reason.find("restore"), std::string::npos);
}

TEST(Claim, SurvivesItsFile) {
    const Claim claim{.cluster_id = "c-1", .instance_id = "i-1", .member = true};
    const auto read = claim_from_json(to_json_text(claim));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->cluster_id, "c-1");
    EXPECT_EQ(read->instance_id, "i-1");
    EXPECT_TRUE(read->member);
}

TEST(Claim, ThatCannotBeReadIsRefusedNotIgnored) {
    for (const auto* text : {"", "{}", "[1]", "{\"cluster_id\": \"c-1\"}"}) {
        const auto read = claim_from_json(text);
        ASSERT_FALSE(read.has_value()) << text;
        EXPECT_EQ(read.error().kind, ErrorKind::refused);
    }
}

TEST(Readiness, IsALeaderOrAStreamingReplica) {
    struct Case {
        const char* answer;
        bool ready;
    };
    for (const auto& [answer, ready] : {
             Case{R"({"state":"running","role":"primary","database_system_identifier":"7"})", true},
             Case{R"({"state":"running","role":"master"})", true},
             Case{R"({"state":"running","role":"standby_leader","replication_state":"in archive recovery"})", true},
             Case{R"({"state":"running","role":"replica","replication_state":"streaming"})", true},
             Case{R"({"state":"running","role":"replica","replication_state":"in archive recovery"})", false},
             Case{R"({"state":"running","role":"replica"})", false},
             Case{R"({"state":"creating replica","role":"replica"})", false},
             Case{R"({"state":"starting","role":"primary"})", false},
             Case{R"({})", false},
         }) {
        const auto status = patroni_status_from_json(answer);
        ASSERT_TRUE(status.has_value()) << answer;
        EXPECT_EQ(judge(*status).ready, ready) << answer;
        EXPECT_EQ(judge(*status).waiting.empty(), ready) << answer;
    }
}

TEST(Readiness, TreatsABrokenAnswerAsSomethingThatHeals) {
    const auto status = patroni_status_from_json("<html>");
    ASSERT_FALSE(status.has_value());
    EXPECT_EQ(status.error().kind, ErrorKind::tool_failed);
}

TEST(BootstrapJanitor, FreesOnlyWhatNobodyHolds) {
    struct Case {
        const char* name;
        BootstrapView view;
        std::chrono::milliseconds unchanged;
        bool abandoned;
    };
    const std::vector<std::string> idle = {"stopped", "stopped"};
    for (const auto& row : {
             Case{"empty, all idle, long enough", {"", 5, false, idle}, 31s, true},
             Case{"empty, no member key left", {"", 5, false, {}}, 31s, true},
             Case{"not long enough", {"", 5, false, idle}, 29s, false},
             Case{"no key", {std::nullopt, 0, false, idle}, 60s, false},
             Case{"a database exists", {"7", 5, false, idle}, 60s, false},
             Case{"somebody leads", {"", 5, true, idle}, 60s, false},
             Case{"somebody bootstraps", {"", 5, false, {"stopped", "initializing new cluster"}}, 60s, false},
             Case{"somebody runs already", {"", 5, false, {"running", "stopped"}}, 60s, false},
             Case{"somebody starts", {"", 5, false, {"starting"}}, 60s, false},
         }) {
        EXPECT_EQ(is_abandoned(row.view, row.unchanged), row.abandoned) << row.name;
    }
}

TEST(Leading, ByAMemberItselfIsNoReasonToClearItsDataAway) {
    EXPECT_TRUE(another_leads({.has_leader = true, .leader = "db-2"}, "db-1"));
    EXPECT_FALSE(another_leads({.has_leader = true, .leader = "db-1"}, "db-1"))
        << "its own key, from before the power cut";
    EXPECT_FALSE(another_leads({.has_leader = true, .leader = ""}, "db-1"));
    EXPECT_FALSE(another_leads({}, "db-1"));
}

} // namespace
} // namespace ingot::firstboot::db
