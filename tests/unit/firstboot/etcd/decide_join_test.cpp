#include <random>

#include <gtest/gtest.h>

#include "firstboot/etcd/decide.hpp"
#include "firstboot/etcd/observe.hpp"
#include "tests/unit/firstboot/etcd/clusters.hpp"

namespace ingot::firstboot {
namespace {

using namespace test;

const Founders kThreeFounders{{"etcd-1", "10.0.0.11"}, {"etcd-2", "10.0.0.12"}, {"etcd-3", "10.0.0.13"}};

/// Machine etcd-N with an empty disk, that sees these clusters.
Situation fresh(int number, std::vector<ClusterView> clusters) {
    const auto self = voter(number).member;
    Situation situation{.cluster_id = "c",
                        .name = self.name,
                        .address = address_of(self),
                        .instance_id = "i",
                        .founders = kThreeFounders,
                        .clusters = std::move(clusters),
                        .replace_after = std::chrono::seconds(300)};
    situation.record = Founding{.cluster_id = "c", .name = self.name, .instance_id = "i", .nonce = "n"};
    return situation;
}

Situation with_phase(Situation situation, Phase phase, std::uint64_t id = 0, bool joined = false) {
    situation.record->phase = phase;
    situation.record->member_id = id;
    situation.record->etcd_cluster = id == 0 ? 0 : kHome;
    situation.record->joined = joined;
    return situation;
}

/// Its own etcd was started and does not serve.
Situation failing(Situation situation, LastWords words = LastWords::nothing) {
    situation = with_phase(std::move(situation), Phase::member, 1);
    situation.has_data = true;
    situation.is_serving = false;
    situation.last_words = words;
    return situation;
}

ClusterView without_quorum(ClusterView view) {
    view.quorate = false;
    for (auto& listed : view.members) { listed.healthy = false; }
    return view;
}

ClusterView other(ClusterView view, std::vector<std::uint64_t> supersedes = {}) {
    view.id = 0xd2;
    view.supersedes = std::move(supersedes);
    return view;
}

Situation founder_that_prepared() {
    auto situation = with_phase(fresh(1, {without_quorum(cluster({voter(1), voter(2), voter(3)}))}), Phase::prepared);
    situation.record->token = "t";
    situation.peers = {{.name = "etcd-2",
                        .address = "10.0.0.12",
                        .answer = Attestation{.cluster_id = "c",
                                              .name = "etcd-2",
                                              .instance_id = "j",
                                              .phase = Phase::started,
                                              .token = "t",
                                              .has_data = true}}};
    return situation;
}

struct JoinRow {
    std::string name;
    Situation situation;
    std::string outcome; ///< starts with
};

std::vector<JoinRow> join_table() {
    const auto three = cluster({voter(1), voter(2), voter(3)});
    const auto two_and_me_dead = cluster({dead(1), voter(2), voter(3)});
    auto heard_elsewhere = two_and_me_dead;
    heard_elsewhere.members[0].active = true;
    auto moved = fresh(1, {three});
    moved.address = "10.0.0.99";
    auto ambiguous = fresh(1, {three});
    ambiguous.address = "10.0.0.12";
    const auto five = [](std::vector<ListedMember> members, std::vector<std::string> waiting = {}) {
        return cluster(std::move(members), std::move(waiting));
    };
    const auto joining =
        with_phase(fresh(4, {cluster({voter(1), voter(2), voter(3), new_learner(4)})}), Phase::joining, 4, true);
    const auto started = with_phase(joining, Phase::started, 4, true);
    auto started_same_folder = started;
    started_same_folder.same_data_folder = true;
    auto started_unequal = started;
    started_unequal.last_words = LastWords::unequal;
    auto leaving = failing(fresh(1, {cluster({voter(2), voter(3)})}), LastWords::removed);
    leaving.record->leaving = true;
    auto only_founder = fresh(1, {});
    only_founder.founders = {{"etcd-1", "10.0.0.11"}};
    auto only_founder_that_listened = only_founder;
    only_founder_that_listened.listening_for = kListen;
    auto starting_here =
        with_phase(fresh(4, {cluster({voter(1), voter(2), voter(3), learner(4)})}), Phase::started, 4, true);
    auto removed_with_data = failing(fresh(1, {}));
    removed_with_data.record->phase = Phase::removed;
    return {
        // A2 to A4: the own etcd does not serve.
        {"A1_KeepsTryingWhileNobodyKnowsBetter", failing(fresh(1, {})), "start existing"},
        {"A1_KeepsTryingWithoutAQuorum", failing(fresh(1, {without_quorum(three)}), LastWords::removed),
         "start existing"},
        {"A1_KeepsTryingWhileItIsListed", failing(fresh(1, {two_and_me_dead}), LastWords::removed), "start existing"},
        {"A2_TheClusterHasItNoMore", failing(fresh(1, {cluster({voter(2), voter(3)})})),
         "put aside: the cluster has removed this member"},
        {"A2_RemovedBeforeItEverServed",
         [] {
             auto situation = failing(fresh(1, {cluster({voter(2), voter(3)})}), LastWords::removed);
             situation.record->member_id = 0;
             situation.record->etcd_cluster = 0;
             return situation;
         }(),
         "put aside: the cluster has removed this member"},
        {"A2_ThePowerWentWhilePuttingAside", removed_with_data, "put aside: it was being put aside"},
        {"A2_RecoveredFromASnapshot", failing(fresh(1, {other(cluster({voter(2)}), {kHome})})),
         "put aside: the cluster was recovered from a snapshot"},
        {"A3_AnotherClusterIsThere", failing(fresh(1, {other(cluster({voter(2), voter(3)}))})),
         "the data on this disk is of cluster c1, and another one is running: cluster d2"},
        {"A4_DamagedBesideAQuorum", failing(fresh(1, {two_and_me_dead}), LastWords::damaged),
         "put aside: its log is damaged"},
        {"A4_DamagedWithoutAQuorum", failing(fresh(1, {without_quorum(two_and_me_dead)}), LastWords::damaged),
         "start existing"},
        {"L_ALeaverStaysAway", leaving, "refuse: this machine has left the cluster"},
        {"L_AlsoAfterABoot", with_phase(fresh(1, {three}), Phase::left, 1), "refuse: this machine has left"},
        {"D1_TheOnlyFounderListensFirst", only_founder, "the only founder: listening"},
        {"D1_AndFoundsThen", only_founder_that_listened, "prepare "},
        {"D1_ButJoinsWhomItHears",
         [&] {
             auto situation = only_founder_that_listened;
             situation.clusters = {cluster({dead(1), voter(2), voter(3)})};
             return situation;
         }(),
         "remove 1"},
        {"C3_ItsOwnEtcdIsNoDuplicate", starting_here, "etcd is starting here"},
        // C0, C1
        {"C0_TwoClusters", fresh(4, {three, other(three)}), "there are 2 etcd clusters"},
        {"C0_ASupersededOneDoesNotCount",
         fresh(4, {without_quorum(three), other(cluster({voter(1)}, {"etcd-4", "etcd-5"}), {kHome})}),
         "add learner to d2"},
        {"C0_SupersededByOneWithoutQuorumCounts",
         fresh(4, {without_quorum(three), without_quorum(other(three, {kHome}))}), "there are 2"},
        {"C1_WithoutQuorumItWaits", fresh(4, {without_quorum(three)}),
         "this disk is empty and cluster c1 has no quorum: 3 of 3 voters answer, 2 are needed"},
        {"C1_AlsoAFounderWhoseDiskIsGone", fresh(1, {without_quorum(cluster({dead(1), dead(2), voter(3)}))}),
         "this disk is empty and cluster c1 has no quorum: 1 of 3 voters answer, 2 are needed"},
        {"G2_AFounderThatPreparedFollows", founder_that_prepared(), "commit t"},
        // C2: joining.
        {"C2_GrowsFromOneWhenTwoWait", fresh(4, {cluster({voter(1)}, {"etcd-4", "etcd-5"})}), "add learner to c1"},
        {"C2_TheSecondWaitsBehind", fresh(5, {cluster({voter(1)}, {"etcd-4", "etcd-5"})}), "waiting behind etcd-4"},
        {"C2_MakesTwoVotersThree", fresh(5, {cluster({voter(1), voter(4)}, {"etcd-5"})}), "add learner to c1"},
        {"C2_IsEnteredFirst", fresh(4, {three}), "asking to be let in"},
        {"S_OneAloneIsASpare", fresh(4, {cluster({voter(1), voter(2), voter(3)}, {"etcd-4"})}),
         "a spare: the cluster has 3 voters"},
        {"S_NeverParksAtTwo", fresh(4, {cluster({voter(1)}, {"etcd-4"})}), "a spare: the cluster has 1 voters"},
        {"S_FiveAreEnough",
         fresh(6, {five({voter(1), voter(2), voter(3), voter(4), voter(5)}, {"etcd-6", "etcd-7"})}),
         "a spare: the cluster has 5 voters"},
        {"C2_ThreeToFive", fresh(4, {cluster({voter(1), voter(2), voter(3)}, {"etcd-4", "etcd-5"})}),
         "add learner to c1"},
        // C3: listed as a learner.
        {"C3_StartsWhatNeverRan", joining, "start joiner 4"},
        {"C3_StartsOnTheSameFolder", started_same_folder, "start joiner 4"},
        {"C3_StartsAgainWithAnotherList", started_unequal, "start joiner 4"},
        {"C3_RemovesWhatRanOnAnotherDisk", started, "remove 4"},
        {"C3_RemovesWhatAnotherLifeAdded", fresh(4, {cluster({voter(1), voter(2), voter(3), new_learner(4)})}),
         "remove 4"},
        // C5: listed as a voter.
        {"C5_RemovesItsPastLife", fresh(1, {two_and_me_dead}), "remove 1"},
        {"C5_AlsoAtAnotherAddress",
         [] {
             auto situation = fresh(1, {cluster({dead(1), voter(2), voter(3)})});
             situation.address = "10.0.0.99";
             return situation;
         }(),
         "remove 1"},
        {"C5_AlsoUnderAnotherName",
         [] {
             auto situation = fresh(1, {cluster({dead(1), voter(2), voter(3)})});
             situation.name = situation.record->name = "new";
             return situation;
         }(),
         "remove 1"},
        {"C5_NotWhileOthersHearIt", fresh(1, {heard_elsewhere}),
         "etcd-1 (10.0.0.11) is this machine's past life: it "
         "is not removed yet: etcd-1 is not dead"},
        {"C5_NotWhenItWouldCostTheQuorum", fresh(1, {cluster({dead(1), dead(2), voter(3), voter(4)})}),
         "etcd-1 (10.0.0.11) is this machine's past life: it is not removed yet: only 2 of 4 voters are healthy"},
        {"C5_NotWhileALearnerIsThere", fresh(1, {cluster({dead(1), voter(2), voter(3), learner(4)})}),
         "etcd-1 (10.0.0.11) is this machine's past life: it is not removed yet: etcd-4 is still being taken in"},
        {"C5_TwoOfFive", fresh(1, {five({dead(1), dead(2), voter(3), voter(4), voter(5)})}), "remove 1"},
        {"C5_TheSecondOfFive", fresh(2, {five({dead(2), voter(3), voter(4), voter(5)})}), "remove 2"},
        {"C5_AMemberWhoseDiskIsGone", with_phase(fresh(1, {two_and_me_dead}), Phase::member, 1), "remove 1"},
        // C6, C7
        {"C6_ItsNameIsAlive", moved, "refuse: etcd-1 is a member already and answers at 10.0.0.11"},
        {"C7_NameAndAddressOfTwoMembers", ambiguous, "refuse: the cluster lists the name etcd-1 at 10.0.0.11"},
        // C8, C9, J
        {"C8_OneAtATime", fresh(5, {cluster({voter(1), voter(2), voter(3), learner(4)}, {"etcd-5"})}),
         "waiting until etcd-4 has been taken in"},
        {"C9_WaitsUntilAllAreWell",
         [] {
             auto limping = voter(2);
             limping.healthy = false;
             return fresh(4, {cluster({voter(1), limping, voter(3)}, {"etcd-4", "etcd-5"})});
         }(),
         "waiting until every voter is well"},
        {"J_WaitsForAReboot", fresh(4, {cluster({voter(1), voter(2), dead(3, 20)}, {"etcd-4"})}),
         "etcd-3 (10.0.0.13) is silent for 20 s; after 300 s this machine takes its place"},
        {"J_TakesThePlaceOfTheDead", fresh(4, {cluster({voter(1), voter(2), dead(3)}, {"etcd-4"})}), "remove 3"},
        {"J_AndIsThenTakenIn", fresh(4, {cluster({voter(1), voter(2)}, {"etcd-4"})}), "add learner to c1"},
        {"J_NeverTheOneThatHoldsTheQuorum", fresh(4, {cluster({voter(1), dead(2), dead(3)}, {"etcd-4"})}),
         "etcd-2 (10.0.0.12) is silent, and this machine takes its place: it is not removed yet: only 1 of 3"},
    };
}

class DecideJoin : public testing::TestWithParam<JoinRow> {};

TEST_P(DecideJoin, FollowsTheTable) {
    const auto outcome = describe_decision(decide(GetParam().situation));
    EXPECT_TRUE(outcome.starts_with(GetParam().outcome)) << outcome;
}

INSTANTIATE_TEST_SUITE_P(Table, DecideJoin, testing::ValuesIn(join_table()),
                         [](const auto& row) { return row.param.name; });

// ---- any situation ---------------------------------------------------------------------------------------------

class RandomSituations {
  public:
    explicit RandomSituations(unsigned seed) : random_(seed) {}

    Situation draw() {
        auto situation = fresh(1 + pick(6), {});
        situation.has_data = pick(6) == 0;
        situation.is_serving = pick(2) == 0;
        situation.same_data_folder = pick(2) == 0;
        situation.last_words = static_cast<LastWords>(pick(4));
        if (pick(8) == 0) {
            situation.record.reset();
        } else {
            situation.record->phase = static_cast<Phase>(pick(8));
            situation.record->joined = situation.record->phase >= Phase::joining && pick(2) == 0;
            situation.record->member_id = static_cast<std::uint64_t>(pick(7));
            situation.record->etcd_cluster = pick(2) == 0 ? 0 : kHome;
            situation.record->token = pick(2) == 0 ? "t" : "u";
            if (pick(8) == 0) { situation.record->instance_id = "other"; }
        }
        for (int founder = 1; founder <= 3; ++founder) {
            if (voter(founder).member.name != situation.name && pick(10) > 0) {
                situation.peers.push_back(peer(founder));
            }
        }
        const int clusters = pick(8) < 6 ? pick(2) : 2;
        for (int index = 0; index < clusters; ++index) {
            situation.clusters.push_back(draw_cluster(kHome + static_cast<std::uint64_t>(index)));
        }
        return situation;
    }

  private:
    int pick(int count) { return static_cast<int>(random_() % static_cast<unsigned>(count)); }

    PeerView peer(int number) {
        const auto self = voter(number).member;
        PeerView view{.name = self.name, .address = address_of(self), .silence = "silent"};
        if (pick(3) == 0) { return view; }
        view.answer = Attestation{.cluster_id = "c",
                                  .name = self.name,
                                  .instance_id = "j",
                                  .phase = static_cast<Phase>(pick(8)),
                                  .token = pick(2) == 0 ? "t" : "u",
                                  .has_data = pick(4) == 0,
                                  .nonce = "m"};
        return view;
    }

    ClusterView draw_cluster(std::uint64_t id) {
        std::vector<ListedMember> members;
        for (int number = 1; number <= 6; ++number) {
            if (pick(2) == 0) { continue; }
            auto listed = pick(6) == 0 ? learner(number) : voter(number);
            listed.healthy = pick(3) > 0;
            listed.answers = listed.healthy || pick(3) == 0;
            listed.active = listed.healthy || pick(4) == 0;
            listed.silent_for = std::chrono::seconds(pick(600));
            members.push_back(listed);
        }
        auto view = cluster(std::move(members), {"etcd-4", "etcd-1", "etcd-5", "etcd-2"});
        if (pick(2) == 0) { view.waiting.erase(view.waiting.begin()); }
        view.id = id;
        view.quorate = count_voters(view) > 0 && count_healthy_voters(view) >= quorum_of(count_voters(view));
        if (pick(6) == 0) { view.supersedes = {kHome}; }
        return view;
    }

    std::mt19937 random_;
};

const ClusterView* find_cluster(const Situation& situation, std::uint64_t id) {
    for (const auto& view : situation.clusters) {
        if (view.id == id) { return &view; }
    }
    return nullptr;
}

/// Whoever may begin to found: everybody asked, everybody empty, nobody ahead, no cluster anywhere.
bool all_founders_are_empty(const Situation& situation) {
    std::size_t empty = 0;
    for (const auto& view : situation.peers) {
        if (view.answer && !view.answer->has_data && view.answer->phase <= Phase::prepared) { ++empty; }
    }
    return empty == 2 && situation.clusters.empty() && !situation.has_data;
}

/// The voter goes only if it is dead, and if those who are healthy are a quorum of what there was and of what stays.
void expect_safe_removal(const Situation& situation, const RemoveMember& removal) {
    const auto* const view = find_cluster(situation, removal.cluster);
    ASSERT_NE(view, nullptr);
    std::size_t voters = 0;
    std::size_t healthy = 0;
    const ListedMember* victim = nullptr;
    bool has_learner = false;
    for (const auto& listed : view->members) {
        if (listed.member.id == removal.id) { victim = &listed; }
        has_learner = has_learner || listed.member.learner;
        if (!listed.member.learner) { ++voters; }
        if (!listed.member.learner && listed.healthy) { ++healthy; }
    }
    ASSERT_NE(victim, nullptr);
    if (victim->member.learner) { return; }
    EXPECT_FALSE(victim->healthy || victim->answers || victim->active);
    EXPECT_FALSE(has_learner);
    EXPECT_GE(healthy, voters / 2 + 1);
    EXPECT_GE(healthy, (voters - 1) / 2 + 1);
}

TEST(DecideAnything, IsSafeAndTheSameTwice) {
    RandomSituations situations(20'261'128);
    int joins = 0;
    int removals = 0;
    int preparations = 0;
    for (int round = 0; round < 60'000 && !testing::Test::HasFailure(); ++round) {
        const auto situation = situations.draw();
        const auto decision = decide(situation);
        SCOPED_TRACE(describe_decision(decision));
        EXPECT_EQ(describe_decision(decide(situation)), describe_decision(decision));
        const bool own_data = situation.has_data;
        if (std::holds_alternative<Prepare>(decision)) {
            ++preparations;
            EXPECT_TRUE(all_founders_are_empty(situation));
        }
        if (const auto* const commit = std::get_if<Commit>(&decision)) {
            EXPECT_FALSE(own_data);
            EXPECT_EQ(situation.record->phase, Phase::prepared);
            EXPECT_EQ(commit->record.token, situation.record->token) << "what was prepared, nothing else";
        }
        if (std::holds_alternative<StartFounder>(decision)) {
            EXPECT_FALSE(own_data);
            EXPECT_FALSE(situation.record->joined);
            EXPECT_TRUE(situation.record->phase == Phase::committed || situation.record->phase == Phase::started);
        }
        if (const auto* const removal = std::get_if<RemoveMember>(&decision)) {
            ++removals;
            EXPECT_FALSE(own_data);
            expect_safe_removal(situation, *removal);
        }
        if (const auto* const add = std::get_if<AddLearner>(&decision)) {
            ++joins;
            EXPECT_FALSE(own_data);
            const auto* const view = find_cluster(situation, add->cluster);
            ASSERT_NE(view, nullptr);
            EXPECT_TRUE(view->quorate);
            for (const auto& listed : view->members) {
                EXPECT_FALSE(listed.member.learner);
                EXPECT_TRUE(listed.healthy);
                EXPECT_NE(listed.member.name, situation.name);
            }
        }
        if (std::holds_alternative<PutAside>(decision)) { EXPECT_TRUE(own_data); }
    }
    EXPECT_GT(joins, 100);
    EXPECT_GT(removals, 100);
    EXPECT_GT(preparations, 10);
}

TEST(LastWordsOfEtcd, AreTold) {
    using etcd::read_last_words;
    EXPECT_EQ(read_last_words(R"({"level":"warn","msg":"server error","error":"the member has been permanently )"
                              R"(removed from the cluster"})"),
              LastWords::removed);
    EXPECT_EQ(read_last_words("panic: tocommit(7) is out of range [lastIndex(0)]. Was the raft log corrupted?"),
              LastWords::damaged);
    EXPECT_EQ(read_last_words("error validating peerURLs: member count is unequal"), LastWords::unequal);
    EXPECT_EQ(read_last_words("write: no space left on device"), LastWords::nothing);
    EXPECT_EQ(read_last_words(""), LastWords::nothing);
}

} // namespace
} // namespace ingot::firstboot
