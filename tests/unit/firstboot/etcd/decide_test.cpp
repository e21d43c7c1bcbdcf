#include "firstboot/etcd/decide.hpp"

#include <functional>
#include <random>
#include <set>

#include <gtest/gtest.h>

namespace ingot::firstboot {
namespace {

const std::string kCluster = "6e3f0c9a-0000-4000-8000-000000000001";
const Founders kFounders{{"etcd-1", "10.0.0.11"}, {"etcd-2", "10.0.0.12"}, {"etcd-3", "10.0.0.13"}};
const std::map<std::string, std::string> kInstances{{"etcd-1", "i-1"}, {"etcd-2", "i-2"}, {"etcd-3", "i-3"}};
const std::map<std::string, std::string> kIdentities{{"etcd-1", identity_of("i-1", "n-etcd-1")},
                                                     {"etcd-2", identity_of("i-2", "n-etcd-2")},
                                                     {"etcd-3", identity_of("i-3", "n-etcd-3")}};
const std::string kToken = founding_token(kCluster, kFounders, kIdentities);

Founding record(Phase phase, const std::string& token = kToken) {
    return {.cluster_id = kCluster,
            .name = "etcd-1",
            .instance_id = "i-1",
            .phase = phase,
            .token = token,
            .initial_cluster = initial_cluster(kFounders),
            .nonce = "n-etcd-1"};
}

PeerView silent(const std::string& name) {
    return {.name = name, .address = kFounders.at(name), .silence = "connection refused"};
}

PeerView peer(const std::string& name, Phase phase, const std::string& token = kToken, bool has_data = false) {
    return {.name = name,
            .address = kFounders.at(name),
            .answer = Attestation{.cluster_id = kCluster,
                                  .name = name,
                                  .instance_id = kInstances.at(name),
                                  .phase = phase,
                                  .token = phase == Phase::virgin ? "" : token,
                                  .has_data = has_data || phase == Phase::member,
                                  .nonce = "n-" + name}};
}

Founding virgin_record() {
    auto virgin = record(Phase::virgin, "");
    virgin.initial_cluster.clear();
    return virgin;
}

/// etcd-1, fresh, and what the other two say.
Situation fresh(PeerView second, PeerView third) {
    return {.cluster_id = kCluster,
            .name = "etcd-1",
            .address = "10.0.0.11",
            .instance_id = "i-1",
            .founders = kFounders,
            .record = virgin_record(),
            .peers = {std::move(second), std::move(third)}};
}

Situation with_record(Situation situation, Founding own) {
    situation.record = std::move(own);
    return situation;
}

Situation with_data(Situation situation) {
    situation.has_data = true;
    situation.record.reset();
    situation.peers.clear();
    return situation;
}

Situation changed(Situation situation, const std::function<void(Situation&)>& change) {
    change(situation);
    return situation;
}

struct Row {
    std::string name;
    Situation situation;
    std::string outcome; ///< starts with
};

std::vector<Row> table() {
    const auto virgins = fresh(peer("etcd-2", Phase::virgin), peer("etcd-3", Phase::virgin));
    const auto prepared = fresh(peer("etcd-2", Phase::prepared), peer("etcd-3", Phase::prepared));
    const auto nobody = fresh(silent("etcd-2"), silent("etcd-3"));
    const auto members = fresh(peer("etcd-2", Phase::member), peer("etcd-3", Phase::member));
    const auto other_machine = changed(with_record(with_data(nobody), record(Phase::member)),
                                       [](Situation& s) { s.record->instance_id = "i-9"; });
    const auto same_folder = [](Situation& s) { s.same_data_folder = true; };
    return {
        // A: own data starts whatever the others say.
        {"A_OwnDataStartsWithoutAskingAnybody", with_record(with_data(nobody), record(Phase::member)),
         "start existing"},
        {"A_OwnDataStartsAfterTheFirstStartWasCut", with_record(with_data(nobody), record(Phase::started)),
         "start existing"},
        // B: data without a record that explains it is refused.
        {"B_DataWithoutRecord", with_data(nobody), "refuse: there is an etcd log on this disk that this agent knows"},
        {"B_DataBeforeTheFirstStart", with_record(with_data(nobody), record(Phase::prepared)),
         "refuse: there is an etcd log on this disk, but this agent never started etcd here"},
        {"B_DataOfAnotherInstance", other_machine, "refuse: the etcd data on this disk belongs to member etcd-1"},
        {"B_DataOfAnotherCluster",
         changed(with_record(with_data(nobody), record(Phase::member)), [](Situation& s) { s.cluster_id = "other"; }),
         "refuse: the etcd data on this disk belongs to member etcd-1 of cluster 6e3f0c9a"},
        {"B_DataOfAnotherMember",
         changed(with_record(with_data(nobody), record(Phase::member)), [](Situation& s) { s.name = "etcd-2"; }),
         "refuse: the etcd data on this disk belongs to member etcd-1"},
        // C: a member whose log is gone never founds.
        {"C_MemberWithoutItsLog", with_record(virgins, record(Phase::member)),
         "this machine has been a member and its data is gone: it never founds again"},
        {"C_MemberWithoutItsLogOnTheSameFolder", changed(with_record(virgins, record(Phase::member)), same_folder),
         "this machine has been a member and its data is gone: it never founds again"},
        {"C_StartedOnAnotherFolder", with_record(virgins, record(Phase::started)),
         "this machine has been a member and its data is gone: it never founds again"},
        // D: the power went before etcd had written anything.
        {"D_Committed", with_record(nobody, record(Phase::committed)), "start founder " + kToken},
        {"D_CommittedWhileTheOthersAreMembers", with_record(members, record(Phase::committed)),
         "start founder " + kToken},
        {"D_StartedOnTheSameFolder", changed(with_record(nobody, record(Phase::started)), same_folder),
         "start founder " + kToken},
        // E: only founders found.
        {"E_NotAFounder", changed(virgins, [](Situation& s) { s.name = "etcd-4"; }),
         "etcd-4 (10.0.0.11) is not one of the founders: waiting for a cluster"},
        {"E_FounderAtAnotherAddress", changed(virgins, [](Situation& s) { s.address = "10.0.0.99"; }),
         "etcd-1 (10.0.0.99) is not one of the founders: waiting for a cluster"},
        // F: who answers must be who is expected.
        {"F_PeerOfAnotherCluster", changed(virgins, [](Situation& s) { s.peers[0].answer->cluster_id = "other"; }),
         "refuse: etcd-2 (10.0.0.12) belongs to cluster other, this machine to cluster 6e3f0c9a"},
        {"F_PeerOfAnotherName", changed(virgins, [](Situation& s) { s.peers[1].answer->name = "etcd-7"; }),
         "refuse: the machine at 10.0.0.13 says it is etcd-7; the founders say it is etcd-3"},
        // G: somebody has gone ahead.
        {"G_FollowsWhoCommittedWithMyToken",
         with_record(fresh(peer("etcd-2", Phase::committed), silent("etcd-3")), record(Phase::prepared)),
         "commit " + kToken},
        {"G_FollowsMembersOfMyFounding", with_record(members, record(Phase::prepared)), "commit " + kToken},
        {"G_AFreshDiskNeverFoundsBesideMembers", members,
         "the cluster has been founded already, and this disk is new"},
        {"G_AFreshDiskNeverFoundsBesideOneMember", fresh(silent("etcd-2"), peer("etcd-3", Phase::member)),
         "the cluster has been founded already, and this disk is new"},
        {"G_NorBesideOneThatOnlyCommitted", fresh(peer("etcd-2", Phase::virgin), peer("etcd-3", Phase::committed)),
         "the cluster has been founded already, and this disk is new"},
        {"G_NorWithAnotherToken",
         with_record(fresh(peer("etcd-2", Phase::committed, "other"), peer("etcd-3", Phase::prepared)),
                     record(Phase::prepared)),
         "the cluster has been founded already, and this disk is new"},
        {"G_ARecordOfAnotherInstanceDoesNotCount",
         changed(with_record(members, record(Phase::prepared)), [](Situation& s) { s.record->instance_id = "i-0"; }),
         "the cluster has been founded already, and this disk is new"},
        // H: data that nobody can account for.
        {"H_PeerWithForeignData", fresh(peer("etcd-2", Phase::virgin, "", true), peer("etcd-3", Phase::virgin)),
         "waiting for etcd-2 (10.0.0.12): it has etcd data that is not of this founding"},
        // I: silence is never taken for absence of data.
        {"I_NobodyAnswers", nobody,
         "waiting for etcd-2 (10.0.0.12): connection refused, etcd-3 (10.0.0.13): connection refused"},
        {"I_OneIsSilent", fresh(peer("etcd-2", Phase::virgin), silent("etcd-3")),
         "waiting for etcd-3 (10.0.0.13): connection refused"},
        {"I_OneIsSilentAfterPreparing",
         with_record(fresh(peer("etcd-2", Phase::prepared), silent("etcd-3")), record(Phase::prepared)),
         "waiting for etcd-3 (10.0.0.13): connection refused"},
        {"I_NobodyWasAsked", changed(virgins, [](Situation& s) { s.peers.clear(); }),
         "waiting for the other founders"},
        // J: prepare.
        {"J_AllAreVirgin", virgins, "prepare " + kToken},
        {"J_OthersAreAlreadyPrepared", prepared, "prepare " + kToken},
        {"J_PreparesAgainWhenAFounderWasReplaced", with_record(virgins, record(Phase::prepared, "old")),
         "prepare " + kToken},
        // K: commit.
        {"K_AllArePrepared", with_record(prepared, record(Phase::prepared)), "commit " + kToken},
        // L: wait.
        {"L_OneIsNotPrepared",
         with_record(fresh(peer("etcd-2", Phase::prepared), peer("etcd-3", Phase::virgin)), record(Phase::prepared)),
         "waiting for the other founders to prepare: etcd-3 (10.0.0.13): virgin"},
        {"L_OnePreparedWithAnotherToken",
         with_record(fresh(peer("etcd-2", Phase::prepared, "other"), peer("etcd-3", Phase::prepared)),
                     record(Phase::prepared)),
         "waiting for the other founders to prepare: etcd-2 (10.0.0.12): prepared"},
    };
}

class Decide : public testing::TestWithParam<Row> {};

TEST_P(Decide, FollowsTheTable) {
    const auto outcome = describe_decision(decide(GetParam().situation));
    EXPECT_TRUE(outcome.starts_with(GetParam().outcome)) << outcome;
}

INSTANTIATE_TEST_SUITE_P(Table, Decide, testing::ValuesIn(table()), [](const auto& row) { return row.param.name; });

TEST(NeedsPeers, OnlyWhereTheDecisionDependsOnThem) {
    auto situation = fresh(silent("etcd-2"), silent("etcd-3"));
    EXPECT_TRUE(needs_peers(situation));
    EXPECT_TRUE(needs_peers(with_record(situation, record(Phase::prepared))));
    EXPECT_FALSE(needs_peers(with_record(situation, record(Phase::committed))));
    EXPECT_FALSE(needs_peers(with_data(situation)));
    auto member = with_record(with_data(situation), record(Phase::member));
    EXPECT_FALSE(needs_peers(member));
    member.is_serving = false;
    EXPECT_TRUE(needs_peers(member));
}

/// Three founders with disks, driven in random order through power cuts, lost disks and silence.
class Model {
  public:
    explicit Model(unsigned seed) : random_(seed) {
        for (std::size_t index = 0; index < 3; ++index) { draw_record(index); }
    }

    void run() {
        constexpr int kActions = 60;
        for (int action = 0; action < kActions && !testing::Test::HasFailure(); ++action) {
            const auto index = pick(3);
            switch (pick(12)) {
            case 0: lose_disk(index); break;
            case 1: machines_[index].reachable = !machines_[index].reachable; break;
            default: work(index);
            }
            check();
        }
    }

    /// Everybody reachable again, nobody loses anything any more: does it come to a cluster?
    [[nodiscard]] bool settles() {
        stormy_ = false;
        for (auto& machine : machines_) { machine.reachable = true; }
        for (int round = 0; round < 8; ++round) {
            for (std::size_t index = 0; index < 3; ++index) { work(index); }
        }
        return machines_[0].has_log && machines_[1].has_log && machines_[2].has_log;
    }
    [[nodiscard]] bool anybody_lost_a_disk() const { return lost_disks_ > 0; }

  private:
    struct Machine {
        int incarnation = 0;
        std::optional<Founding> record{};
        bool marked = false;
        bool has_log = false;
        bool reachable = true;
        bool at_work = false;
        std::set<std::size_t> committed_before{}; ///< who had committed, and still has its disk, when it got its own
    };

    bool power_goes() { return stormy_ && pick(4) == 0; }
    std::size_t pick(std::size_t count) { return random_() % count; }
    static std::string name_of(std::size_t index) { return "etcd-" + std::to_string(index + 1); }
    [[nodiscard]] std::string instance_of(std::size_t index) const {
        return name_of(index) + "/" + std::to_string(machines_[index].incarnation);
    }

    /// What an agent does on an empty disk before it answers anybody.
    void draw_record(std::size_t index) {
        machines_[index].record = Founding{.cluster_id = kCluster,
                                           .name = name_of(index),
                                           .instance_id = instance_of(index),
                                           .nonce = std::to_string(++nonces_)};
    }

    void lose_disk(std::size_t index) {
        ++lost_disks_;
        auto& machine = machines_[index];
        // A machine made again may be given the same instance-id, where metadata is static.
        machine = {.incarnation = machine.incarnation + static_cast<int>(pick(2)), .reachable = machine.reachable};
        draw_record(index);
        for (std::size_t other = 0; other < 3; ++other) {
            const auto& record = machines_[other].record;
            if (other != index && record && record->phase >= Phase::committed) {
                machine.committed_before.insert(other);
            }
            machines_[other].committed_before.erase(index);
        }
    }

    [[nodiscard]] Situation look(std::size_t index) const {
        const auto& own = machines_[index];
        Situation situation{.cluster_id = kCluster,
                            .name = name_of(index),
                            .address = kFounders.at(name_of(index)),
                            .instance_id = instance_of(index),
                            .founders = kFounders,
                            .has_data = own.has_log,
                            .record = own.record,
                            .same_data_folder = own.marked};
        for (std::size_t other = 0; other < 3; ++other) {
            if (other == index) { continue; }
            const auto& machine = machines_[other];
            PeerView view{.name = name_of(other), .address = kFounders.at(name_of(other)), .silence = "silent"};
            if (machine.reachable && own.reachable) {
                view.answer = Attestation{.cluster_id = kCluster,
                                          .name = name_of(other),
                                          .instance_id = instance_of(other),
                                          .phase = machine.record ? machine.record->phase : Phase::virgin,
                                          .token = machine.record ? machine.record->token : "",
                                          .has_data = machine.has_log,
                                          .nonce = machine.record ? machine.record->nonce : ""};
            }
            situation.peers.push_back(std::move(view));
        }
        return situation;
    }

    /// Looks, and acts on what it saw perhaps only after the others have moved on.
    void work(std::size_t index) {
        auto& machine = machines_[index];
        if (machine.at_work) { return; } // an agent is in one round at a time
        machine.at_work = true;
        const auto decision = decide(look(index));
        while (pick(3) == 0) { work(pick(3)); }
        machine.at_work = false;
        if (const auto* const prepare = std::get_if<Prepare>(&decision)) { machine.record = prepare->record; }
        if (const auto* const commit = std::get_if<Commit>(&decision)) { begin(machine, commit->record); }
        if (const auto* const start = std::get_if<StartFounder>(&decision)) { begin(machine, start->record); }
        if (std::holds_alternative<StartExisting>(decision)) { machine.record->phase = Phase::member; }
    }

    /// Commit, record the start, start: the power may go between any two.
    void begin(Machine& machine, const Founding& founding) {
        machine.record = founding;
        machine.marked = true;
        if (power_goes()) { return; }
        machine.record->phase = Phase::started;
        if (power_goes()) { return; }
        machine.has_log = true;
    }

    void check() const {
        std::optional<std::string> token;
        for (const auto& machine : machines_) {
            if (!machine.record || machine.record->phase < Phase::committed) { continue; }
            EXPECT_TRUE(machine.committed_before.empty())
                << "a machine with a new disk founded beside one that had committed";
            if (token) { EXPECT_EQ(machine.record->token, *token) << "two foundings at once"; }
            token = machine.record->token;
        }
    }

    std::mt19937 random_;
    std::array<Machine, 3> machines_{};
    int lost_disks_ = 0;
    int nonces_ = 0;
    bool stormy_ = true;
};

TEST(FoundingModel, NeverFoundsTwiceWhateverIsLostAndCut) {
    for (unsigned seed = 0; seed < 20'000 && !HasFailure(); ++seed) {
        SCOPED_TRACE(seed);
        Model(seed).run();
    }
}

TEST(FoundingModel, ComesToAClusterUnlessADiskWasLost) {
    int settled = 0;
    for (unsigned seed = 0; seed < 5'000; ++seed) {
        Model model(seed);
        model.run();
        if (model.anybody_lost_a_disk()) { continue; }
        EXPECT_TRUE(model.settles()) << seed;
        ++settled;
    }
    EXPECT_GT(settled, 10);
}

} // namespace
} // namespace ingot::firstboot
