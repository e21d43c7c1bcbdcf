#include "firstboot/etcd/care.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "firstboot/etcd/pace.hpp"
#include "firstboot/etcd/snapshots.hpp"
#include "tests/unit/firstboot/etcd/clusters.hpp"

namespace ingot::firstboot::etcd {
namespace {

using namespace test;
using namespace std::chrono_literals;

constexpr auto kPatience = 300s;

LearnerView caught_up() {
    return {
        .status = EtcdStatus{.learner = true, .applied_index = 5000}, .leader_index = 5010, .agent_answers = true};
}

template <typename Expected>
bool is(const LearnerDecision& decision) {
    return std::holds_alternative<Expected>(decision);
}

TEST(Learner, BecomesAVoterWhenTheVotersBecomeOddByIt) {
    EXPECT_TRUE(is<Promote>(decide_learner(cluster({voter(1), voter(2), learner(3)}), caught_up(), kPatience)));
    // 1 → 2 only while a third machine is there already.
    EXPECT_TRUE(is<Leave>(decide_learner(cluster({voter(1), learner(2)}), caught_up(), kPatience)));
    EXPECT_TRUE(is<Promote>(decide_learner(cluster({voter(1), learner(2)}, {"etcd-3"}), caught_up(), kPatience)));
    // One that is a member already does not count as waiting.
    EXPECT_TRUE(is<Leave>(decide_learner(cluster({voter(1), learner(2)}, {"etcd-2"}), caught_up(), kPatience)));
    EXPECT_TRUE(is<Leave>(decide_learner(cluster({voter(1), voter(2)}), caught_up(), kPatience)));
}

TEST(Learner, WaitsUntilItRunsAndHasCaughtUp) {
    const auto view = cluster({voter(1), voter(2), learner(3)});
    auto behind = caught_up();
    behind.status->applied_index = 10;
    EXPECT_TRUE(is<Leave>(decide_learner(view, behind, kPatience)));
    auto silent = caught_up();
    silent.status.reset();
    EXPECT_TRUE(is<Leave>(decide_learner(view, silent, kPatience)));
    auto nothing = caught_up();
    nothing.status->applied_index = 0;
    EXPECT_TRUE(is<Leave>(decide_learner(view, nothing, kPatience)));
    // etcd 3.4.23 would promote one that never ran.
    EXPECT_TRUE(is<Leave>(decide_learner(cluster({voter(1), voter(2), new_learner(3)}), caught_up(), kPatience)));
}

TEST(Learner, IsEvictedOnlyWhenItStandsStillAndItsMachineIsSilent) {
    const auto view = cluster({voter(1), voter(2), new_learner(3)});
    LearnerView stalled{.agent_answers = false, .without_progress = 301s};
    EXPECT_TRUE(is<Evict>(decide_learner(view, stalled, kPatience)));
    stalled.agent_answers = true;
    EXPECT_TRUE(is<Leave>(decide_learner(view, stalled, kPatience)));
    stalled = {.agent_answers = false, .without_progress = 299s};
    EXPECT_TRUE(is<Leave>(decide_learner(view, stalled, kPatience)));
}

TEST(Defragmentation, TakesTheEmptiestFollowerAndTheLeaderLast) {
    constexpr std::int64_t kMillion = 1'000'000;
    const MemberSpace leader{.id = 1, .leader = true, .size = 400 * kMillion, .in_use = 10 * kMillion};
    const MemberSpace half{.id = 2, .size = 200 * kMillion, .in_use = 100 * kMillion};
    const MemberSpace full{.id = 3, .size = 200 * kMillion, .in_use = 150 * kMillion};
    const MemberSpace small{.id = 4, .size = 90 * kMillion, .in_use = 0};
    EXPECT_EQ(choose_defragmentation({leader, half, full, small}), 2U);
    EXPECT_EQ(choose_defragmentation({leader, full, small}), 1U);
    EXPECT_FALSE(choose_defragmentation({full, small}));
    EXPECT_TRUE(is_nearly_full({.in_use = 80}, 100));
    EXPECT_FALSE(is_nearly_full({.in_use = 79}, 100));
}

TEST(Leaving, KeepsTheQuorumOfThoseWhoStay) {
    EXPECT_TRUE(leave_risk(cluster({voter(1)}), 1, true));
    EXPECT_TRUE(leave_risk(cluster({voter(1), voter(2), voter(3)}), 1, false)) << "two tolerate nothing";
    EXPECT_FALSE(leave_risk(cluster({voter(1), voter(2), voter(3)}), 1, true));
    EXPECT_FALSE(leave_risk(cluster({voter(1), voter(2), voter(3)}, {"etcd-4"}), 1, false));
    EXPECT_TRUE(leave_risk(cluster({voter(1), voter(2), dead(3)}), 1, true)) << "one of two would be left";
    EXPECT_FALSE(leave_risk(cluster({voter(1), voter(2), voter(3), voter(4)}), 1, false));
    EXPECT_TRUE(leave_risk(cluster({voter(1), voter(2), voter(3), learner(4)}), 1, true));
    EXPECT_FALSE(leave_risk(cluster({voter(1), voter(2), voter(3), learner(4)}), 4, true));
    EXPECT_TRUE(leave_risk(cluster({voter(1), voter(2), voter(3)}), 9, true));
}

TEST(Complaints, NameWhoIsSilentAndWhatIsTolerated) {
    EXPECT_TRUE(complaints(cluster({voter(1), voter(2), voter(3)})).empty());
    const auto lines = complaints(cluster({voter(1), voter(2), dead(3, 40)}));
    ASSERT_EQ(lines.size(), 2U);
    EXPECT_EQ(lines[0], "etcd-3 (10.0.0.13) is silent for 40 s");
    EXPECT_EQ(lines[1], "3 voters, 2 healthy, 0 may fail");
    EXPECT_EQ(complaints(cluster({voter(1), voter(2)})).size(), 1U);
    EXPECT_TRUE(complaints(cluster({voter(1), voter(2), learner(3)})).empty()) << "it will be three";
}

TEST(Drift, NamesFoundersThatAreGone) {
    const Founders founders{{"etcd-1", "10.0.0.11"}, {"etcd-2", "10.0.0.12"}};
    EXPECT_EQ(drift(cluster({voter(1), voter(2)}), founders), "");
    EXPECT_EQ(drift(cluster({voter(1), voter(2), voter(4)}), founders), "");
    EXPECT_NE(drift(cluster({voter(1), voter(4)}), founders).find("etcd-2: 10.0.0.12"), std::string::npos);
}

TEST(Snapshots, KeepTheNewestAndOneOfEachDay) {
    std::vector<std::string> names;
    for (int day = 10; day < 20; ++day) {
        for (int hour = 10; hour < 22; ++hour) { names.push_back(text::format("2026-11-{}T{}0000Z.db", day, hour)); }
    }
    const auto kept = names_to_keep(names);
    EXPECT_EQ(kept.size(), 24U + 5U);
    EXPECT_TRUE(kept.contains("2026-11-19T210000Z.db"));
    EXPECT_TRUE(kept.contains("2026-11-13T100000Z.db"));
    EXPECT_FALSE(kept.contains("2026-11-13T110000Z.db"));
    EXPECT_FALSE(kept.contains("2026-11-12T100000Z.db"));
    EXPECT_TRUE(names_to_keep({}).empty());
}

TEST(Snapshots, AreTakenOncePerHourAlsoAfterARestart) {
    const auto now = clock::WallTime(std::chrono::hours(500'000));
    const auto name = [&](std::chrono::minutes ago) { return snapshot_name(now - ago); };
    using std::chrono::minutes;
    EXPECT_TRUE(is_snapshot_due({}, now));
    EXPECT_FALSE(is_snapshot_due({name(minutes(59))}, now));
    EXPECT_TRUE(is_snapshot_due({name(minutes(60))}, now));
    EXPECT_TRUE(is_snapshot_due({name(minutes(-5))}, now)) << "the clock was ahead";
    EXPECT_FALSE(is_snapshot_due({name(minutes(1)), name(minutes(-5))}, now));
}

TEST(Snapshots, AreKnownByTheirExactNames) {
    EXPECT_EQ(snapshot_name(clock::WallTime(std::chrono::hours(500'000))), "2027-01-15T080000Z.db");
    EXPECT_TRUE(is_snapshot_name("2027-01-15T080000Z.db"));
    for (const auto* const name : {"2027-01-15T08:00:00Z.db", "2027-01-15T080000Z.db.part", ".2027-01-15T080000Z.db",
                                   "mine.db", "2027-01-1xT080000Z.db", ""}) {
        EXPECT_FALSE(is_snapshot_name(name)) << name;
    }
}

TEST(Space, IsDescribedForStatus) {
    constexpr std::int64_t kQuota = 2'147'483'648;
    EXPECT_EQ(describe_space({.size = 41'943'040, .compacted = 812, .revision = 990}, kQuota),
              "41.9 MB of 2.1 GB (1 %), no alarm; compacted up to revision 812 of 990; never defragmented");
    EXPECT_EQ(describe_space({.size = kQuota,
                              .alarms = {"NOSPACE"},
                              .compacted = -1,
                              .revision = 5,
                              .defragmented = "etcd-2",
                              .defragmented_at = "2026-11-28T01:00:00Z"},
                             kQuota),
              "2.1 GB of 2.1 GB (100 %), ALARM NOSPACE; not compacted since it began; last defragmented: etcd-2 at "
              "2026-11-28T01:00:00Z");
}

TEST(Pace, ReadsAGauge) {
    constexpr const char* kText = "# HELP a_b x\na_b_total 3\na_b{c=\"d\"} 4\na_b -1\n";
    EXPECT_EQ(gauge_from(kText, "a_b"), -1);
    EXPECT_EQ(gauge_from(kText, "a_b_total"), 3);
    EXPECT_FALSE(gauge_from(kText, "a").has_value());
}

TEST(Pace, CountsOnlyWhatCameSinceTheLastLook) {
    const auto text = [](int fast, int slow) {
        return text::format("# HELP etcd_disk_wal_fsync_duration_seconds x\n"
                            "etcd_disk_wal_fsync_duration_seconds_bucket{{le=\"0.001\"}} {}\n"
                            "etcd_disk_wal_fsync_duration_seconds_bucket{{le=\"1.024\"}} {}\n"
                            "etcd_disk_wal_fsync_duration_seconds_bucket{{le=\"+Inf\"}} {}\n"
                            "etcd_disk_wal_fsync_duration_seconds_count {}\n",
                            fast, fast + slow, fast + slow, fast + slow);
    };
    const auto histogram = [&](int fast, int slow) {
        return histogram_from(text(fast, slow), "etcd_disk_wal_fsync_duration_seconds");
    };
    EXPECT_EQ(p99_between({}, histogram(1000, 1)), 0.001);
    EXPECT_EQ(p99_between(histogram(1000, 0), histogram(1000, 10)), 1.024);
    EXPECT_FALSE(p99_between(histogram(10, 1), histogram(10, 1)).has_value());
    EXPECT_EQ(p99_between(histogram(1000, 100), histogram(10, 0)), 0.001) << "started anew";
    EXPECT_FALSE(judge_fsync(0.128));
    EXPECT_TRUE(judge_fsync(1.024));
    EXPECT_TRUE(judge_fsync(INFINITY));
    EXPECT_EQ(seconds_of_http_date("Thu, 01 Jan 1970 00:01:00 GMT"), 60);
    EXPECT_FALSE(seconds_of_http_date("yesterday"));
}

} // namespace
} // namespace ingot::firstboot::etcd
