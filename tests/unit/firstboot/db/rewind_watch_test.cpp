#include "firstboot/db/rewind_watch.hpp"

#include <gtest/gtest.h>

#include "common/text/text.hpp"

namespace ingot::firstboot::db {
namespace {

using namespace std::chrono_literals;

// As they were in the lab, in which db-1 was past the fork.
struct Follower {
    std::string leader = "db-2";
    std::string history =
        R"([[1,117440608,"no recovery target specified","2026-11-28T12:16:54.470530+00:00","db-2"]])";
    std::string state = "running";
    std::string replication = "in archive recovery";
    int timeline = 1;
    int leaders_timeline = 2;
    int place = 124559944;
};

Listing keys_of_follower(const Follower& member) {
    return {.entries = {
                {.key = "/service/orders/history", .value = member.history},
                {.key = "/service/orders/leader", .value = member.leader},
                {.key = "/service/orders/members/db-1",
                 .value = text::format(
                     R"({{"state":"{}","role":"replica","xlog_location":{},"replication_state":"{}","timeline":{}}})",
                     member.state, member.place, member.replication, member.timeline)},
                {.key = "/service/orders/members/db-2",
                 .value = text::format(R"({{"state":"running","role":"primary","timeline":{}}})",
                                       member.leaders_timeline)}}};
}

TEST(RewindWatch, SeesAReplicaThatIsPastItsLeadersFork) {
    const std::string longer = R"([[1,100,"x"],[2,117440608,"x"],[3,200000000,"x"]])";
    struct Row {
        const char* why;
        Follower member;
        bool past;
    };
    const Row rows[] = {
        {"as in the lab", {}, true},
        {"A: it leads itself", {.leader = "db-1"}, false},
        {"A: nobody leads", {.leader = ""}, false},
        {"A: the leader has no key of its own", {.leader = "db-3"}, false},
        {"B: it is stopped, to be rewound", {.state = "stopped"}, false},
        {"B: it starts", {.state = "starting"}, false},
        {"B: it is copied", {.state = "creating replica"}, false},
        {"B: it streams", {.replication = "streaming"}, false},
        {"C: on the leader's timeline", {.timeline = 2}, false},
        {"C: on a newer one", {.timeline = 3}, false},
        {"C: a history that does not know it", {.history = R"([[2,1,"x"]])", .leaders_timeline = 3}, false},
        {"C: no history yet", {.history = ""}, false},
        {"C: a history that cannot be read", {.history = R"([1,["1",2],[1],[1,"x"]])"}, false},
        {"D: before the fork", {.place = 117440607}, false},
        {"D: just there", {.place = 117440608}, false},
        {"one byte past it", {.place = 117440609}, true},
        {"two leaders ago", {.history = longer, .timeline = 2, .leaders_timeline = 4}, true},
        {"two leaders ago, and before that fork",
         {.history = longer, .timeline = 2, .leaders_timeline = 4, .place = 117440000},
         false},
    };
    for (const auto& row : rows) {
        EXPECT_EQ(is_past_fork("orders", "db-1", keys_of_follower(row.member)), row.past) << row.why;
    }
    EXPECT_FALSE(is_past_fork("orders", "db-1", {}));
    EXPECT_FALSE(is_past_fork("orders", "db-9", keys_of_follower({})));
}

TEST(RewindWatch, RestartsPatroniAfterAWhileAndRarely) {
    RewindWatch watch;
    const clock::Monotonic start{1h};
    EXPECT_FALSE(watch.shall_restart(true, start));
    EXPECT_FALSE(watch.shall_restart(true, start + 29s));
    EXPECT_FALSE(watch.shall_restart(false, start + 30s)); // it followed after all
    EXPECT_FALSE(watch.shall_restart(true, start + 40s));
    EXPECT_FALSE(watch.shall_restart(true, start + 69s));
    EXPECT_TRUE(watch.shall_restart(true, start + 70s));
    EXPECT_FALSE(watch.shall_restart(true, start + 71s));
    EXPECT_FALSE(watch.shall_restart(true, start + 669s));
    EXPECT_TRUE(watch.shall_restart(true, start + 670s));
}

} // namespace
} // namespace ingot::firstboot::db
