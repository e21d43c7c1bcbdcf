// Joining a cluster that has a quorum. Every step is one change, made under a lock after looking again; etcd itself
// takes in one learner at a time, and nobody while a voter is unreachable.
#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/etcd/decide.hpp"

namespace ingot::firstboot {

namespace {

struct Listed {
    const ListedMember* by_name = nullptr;
    const ListedMember* by_url = nullptr;
};

Listed find_self(const Situation& situation, const ClusterView& cluster) {
    Listed found;
    const auto own_url = url_of(situation.address, kPeerPort);
    for (const auto& listed : cluster.members) {
        if (listed.member.name == situation.name) { found.by_name = &listed; }
        if (std::ranges::find(listed.member.peer_urls, own_url) != listed.member.peer_urls.end()) {
            found.by_url = &listed;
        }
    }
    return found;
}

Decision remove_if_safe(const ClusterView& cluster, const ListedMember& victim, std::string reason) {
    if (const auto risk = removal_risk(cluster, victim)) {
        return WaitFor{text::format("{}: it is not removed yet: {} ({})", reason, *risk, describe(cluster))};
    }
    return RemoveMember{.cluster = cluster.id, .id = victim.member.id, .reason = std::move(reason)};
}

/// Rule C3.
Decision decide_as_learner(const Situation& situation, const ClusterView& cluster, const ListedMember& self) {
    const auto* const record = own_record(situation);
    const bool same_id = record != nullptr && record->member_id == self.member.id;
    const bool never_ran =
        record != nullptr && (record->phase == Phase::joining ||
                              (record->phase == Phase::started && record->joined &&
                               (situation.same_data_folder || situation.last_words == LastWords::unequal)));
    if (same_id && never_ran) {
        auto joiner = *record;
        joiner.initial_cluster = initial_cluster_of(cluster, self.member.id, situation.name);
        return StartJoiner{std::move(joiner)};
    }
    if (self.active) { return WaitFor{text::format("others still hear {}", label_of(self.member))}; }
    return RemoveMember{.cluster = cluster.id,
                        .id = self.member.id,
                        .reason = "this machine's own entry as a learner belongs to a disk that is gone"};
}

/// Rules C3, C5 and C6.
Decision decide_listed(const Situation& situation, const ClusterView& cluster, const ListedMember& self) {
    const auto* const record = own_record(situation);
    const bool is_own_etcd = record != nullptr && record->phase == Phase::started &&
                             record->member_id == self.member.id && address_of(self.member) == situation.address;
    if ((self.healthy || self.answers) && is_own_etcd) { return WaitFor{"etcd is starting here"}; }
    if (self.healthy || self.answers) {
        return Refuse{text::format("{} is a member already and answers at {}: two machines have the same name or the "
                                   "same address. Give this one ({}, {}) another, or switch one off",
                                   label_of(self.member), address_of(self.member), situation.name,
                                   situation.address)};
    }
    if (self.member.learner) { return decide_as_learner(situation, cluster, self); }
    return remove_if_safe(
        cluster, self,
        text::format("{} ({}) is this machine's past life", label_of(self.member), address_of(self.member)));
}

/// Rules J and C9; nothing if every voter is well.
std::optional<Decision> decide_beside_the_unwell(const Situation& situation, const ClusterView& cluster) {
    for (const auto& listed : cluster.members) {
        if (!listed.is_dead()) { continue; }
        const auto what = text::format("{} ({}) is silent", label_of(listed.member), address_of(listed.member));
        if (listed.silent_for < situation.replace_after) {
            return WaitFor{text::format("{} for {} s; after {} s this machine takes its place", what,
                                        listed.silent_for.count(), situation.replace_after.count())};
        }
        return remove_if_safe(cluster, listed, what + ", and this machine takes its place");
    }
    for (const auto& listed : cluster.members) {
        if (listed.healthy) { continue; }
        return WaitFor{text::format("waiting until every voter is well: {}", describe(cluster))};
    }
    return std::nullopt;
}

} // namespace

Decision decide_join(const Situation& situation, const ClusterView& cluster) {
    const auto self = find_self(situation, cluster);
    if (self.by_name != nullptr && self.by_url != nullptr && self.by_name != self.by_url) {
        return Refuse{text::format("the cluster lists the name {} at {} and the address {} under the name {}: it "
                                   "cannot be told which of the two this machine was ({})",
                                   situation.name, address_of(self.by_name->member), situation.address,
                                   label_of(self.by_url->member), describe(cluster))};
    }
    if (const auto* const listed = self.by_name != nullptr ? self.by_name : self.by_url) {
        return decide_listed(situation, cluster, *listed);
    }
    if (const auto* const learner = find_learner(cluster)) {
        return WaitFor{text::format("waiting until {} has been taken in", label_of(learner->member))};
    }
    const auto waiting = still_waiting(cluster);
    if (waiting.empty() || waiting.front() != situation.name) {
        return WaitFor{waiting.empty() ? "asking to be let in" : "waiting behind " + waiting.front()};
    }
    if (auto decision = decide_beside_the_unwell(situation, cluster)) { return *std::move(decision); }
    const auto voters = count_voters(cluster);
    if (voters >= kMostVoters) {
        return WaitFor{
            text::format("a spare: the cluster has {} voters, which is enough; this machine takes the place "
                         "of one that stays silent for {} s",
                         voters, situation.replace_after.count())};
    }
    if (voters % 2 == 1 && waiting.size() < 2) {
        return WaitFor{
            text::format("a spare: the cluster has {0} voters, and {1} tolerate no more failures than {0}. "
                         "This machine takes the place of one that stays silent for {2} s, or becomes a "
                         "voter when another machine comes as well",
                         voters, voters + 1, situation.replace_after.count())};
    }
    return AddLearner{.cluster = cluster.id};
}

} // namespace ingot::firstboot
