#include "firstboot/etcd/decide.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

/// The clusters that count: one that a person replaced by another, which has a quorum, does not.
std::vector<const ClusterView*> present_clusters(const Situation& situation) {
    std::vector<const ClusterView*> clusters;
    for (const auto& cluster : situation.clusters) {
        const bool superseded = std::ranges::any_of(situation.clusters, [&cluster](const ClusterView& other) {
            return other.quorate && other.id != cluster.id &&
                   std::ranges::find(other.supersedes, cluster.id) != other.supersedes.end();
        });
        if (!superseded) { clusters.push_back(&cluster); }
    }
    return clusters;
}

std::string describe_all(const std::vector<const ClusterView*>& clusters) {
    std::vector<std::string> lines;
    for (const auto* const cluster : clusters) {
        lines.push_back(
            text::format("cluster {} (seen at {}): {}", hex_id(cluster->id), cluster->seen_at, describe(*cluster)));
    }
    return text::join(lines, "; ");
}

PutAside put_aside(const Founding& record, std::string reason) {
    auto removed = record;
    removed.phase = Phase::removed;
    return {.record = std::move(removed), .reason = std::move(reason)};
}

Refuse has_left() {
    return {"this machine has left the cluster, as it was told to: power it off. To let it join again, boot it "
            "with a fresh disk"};
}

/// Rules A2 to A4: etcd was started here and does not serve.
Decision decide_while_failing(const Situation& situation, const Founding& record) {
    for (const auto& cluster : situation.clusters) {
        if (!cluster.quorate) { continue; }
        const bool recovered = std::ranges::find(cluster.supersedes, record.etcd_cluster) != cluster.supersedes.end();
        if (record.etcd_cluster != 0 && recovered) {
            return put_aside(
                record, text::format("the cluster was recovered from a snapshot and is {} now", hex_id(cluster.id)));
        }
        if (record.etcd_cluster != 0 && cluster.id != record.etcd_cluster) {
            // Not for good: a cluster that was just recovered says only a moment later which one it stands for.
            return WaitFor{
                text::format("the data on this disk is of cluster {}, and another one is running: cluster {} "
                             "(seen at {}): {}. One of the two has to go; a person has to say which",
                             hex_id(record.etcd_cluster), hex_id(cluster.id), cluster.seen_at, describe(cluster))};
        }
        const auto own = std::ranges::find_if(cluster.members, [&](const ListedMember& listed) {
            return record.member_id != 0 ? listed.member.id == record.member_id
                                         : listed.member.name == situation.name;
        });
        const bool is_listed = own != cluster.members.end();
        const bool is_certain = record.member_id != 0 || situation.last_words == LastWords::removed;
        if (!is_listed && is_certain) {
            if (record.leaving) { return has_left(); }
            return put_aside(record, "the cluster has removed this member");
        }
        if (is_listed && situation.last_words == LastWords::damaged && cluster.quorate) {
            return put_aside(record, "its log is damaged, and the other members have a quorum");
        }
    }
    return StartExisting{};
}

/// Rules A and B.
Decision decide_with_data(const Situation& situation) {
    const auto* const record = own_record(situation);
    if (record != nullptr) {
        switch (record->phase) {
        case Phase::started:
        case Phase::member:
            if (situation.is_serving) { return StartExisting{}; }
            return decide_while_failing(situation, *record);
        case Phase::removed: return put_aside(*record, "it was being put aside when the power went");
        case Phase::left: return has_left();
        case Phase::virgin:
        case Phase::prepared:
        case Phase::committed:
        case Phase::joining: break;
        }
        return Refuse{text::format("there is an etcd log on this disk, but this agent never started etcd here (its "
                                   "record says \"{}\"): remove the log if it is not needed, then restart the agent",
                                   to_string(record->phase))};
    }
    if (situation.record) {
        const auto& other = *situation.record;
        return Refuse{text::format(
            "the etcd data on this disk belongs to member {} of cluster {} on instance {}; this machine is {} of "
            "cluster {} on instance {}: boot a fresh machine, or remove the data if it is not needed",
            other.name, other.cluster_id, other.instance_id, situation.name, situation.cluster_id,
            situation.instance_id)};
    }
    return Refuse{"there is an etcd log on this disk that this agent knows nothing about: boot a fresh machine, or "
                  "remove the data if it is not needed"};
}

/// Rules L and G; nothing if the record decides nothing.
std::optional<Decision> decide_by_record(const Situation& situation) {
    const auto* const record = own_record(situation);
    if (record == nullptr) { return std::nullopt; }
    if (record->phase == Phase::left) { return has_left(); }
    if (record->joined) { return std::nullopt; }
    // etcd votes only after its log is on disk. No log on the very same folder means it never voted.
    if (record->phase == Phase::committed || (record->phase == Phase::started && situation.same_data_folder)) {
        return StartFounder{*record};
    }
    return std::nullopt;
}

/// True if this disk has been a member's: it may join, and never found.
bool has_a_past(const Situation& situation) {
    const auto* const record = own_record(situation);
    return record != nullptr && record->phase > Phase::prepared;
}

bool is_founder(const Situation& situation) {
    const auto founder = situation.founders.find(situation.name);
    return founder != situation.founders.end() && founder->second == situation.address;
}

/// Rule F.
std::optional<Refuse> stranger_among(const Situation& situation) {
    for (const auto& peer : situation.peers) {
        if (!peer.answer) { continue; }
        if (peer.answer->cluster_id != situation.cluster_id) {
            return Refuse{
                text::format("{} ({}) belongs to cluster {}, this machine to cluster {}: their user-data is "
                             "not of the same cluster",
                             peer.name, peer.address, peer.answer->cluster_id, situation.cluster_id)};
        }
        const auto founder = situation.founders.find(peer.name);
        const bool is_founders_place = founder != situation.founders.end() && founder->second == peer.address;
        if (is_founders_place && peer.answer->name != peer.name) {
            return Refuse{text::format("the machine at {} says it is {}; the founders say it is {}", peer.address,
                                       peer.answer->name, peer.name)};
        }
    }
    return std::nullopt;
}

/// Rule G2.
std::optional<Decision> follow_the_committed(const Situation& situation) {
    const auto* const record = own_record(situation);
    if (record == nullptr || record->phase != Phase::prepared) { return std::nullopt; }
    for (const auto& peer : situation.peers) {
        if (!peer.answer || peer.answer->phase < Phase::committed || record->token != peer.answer->token) {
            continue;
        }
        auto committed = *record;
        committed.phase = Phase::committed;
        return Commit{std::move(committed)};
    }
    return std::nullopt;
}

/// Who is not where it has to be. Empty: nobody.
template <typename Reason>
std::string list_peers(const Situation& situation, Reason&& reason) {
    std::vector<std::string> names;
    for (const auto& peer : situation.peers) {
        if (const std::optional<std::string> why = reason(peer)) {
            names.push_back(text::format("{} ({}): {}", peer.name, peer.address, *why));
        }
    }
    return text::join(names, ", ");
}

/// Rule C1.
WaitFor wait_for_quorum(const ClusterView& cluster) {
    const auto voters = count_voters(cluster);
    const auto answering = std::ranges::count_if(cluster.members, [](const ListedMember& listed) {
        return !listed.member.learner && (listed.answers || listed.healthy);
    });
    return {
        text::format("this disk is empty and cluster {} has no quorum: {} of {} voters answer, {} are needed ({}). "
                     "Nothing is founded and nothing is removed while it may come back: switch the silent members "
                     "on again. If their disks are lost for good, recover on a member that has data: "
                     "ingot-agent etcd recover --help",
                     hex_id(cluster.id), answering, voters, quorum_of(voters), describe(cluster))};
}

/// Rules C0 to C2; nothing if there is no cluster.
std::optional<Decision> decide_by_clusters(const Situation& situation) {
    const auto clusters = present_clusters(situation);
    if (clusters.empty()) { return std::nullopt; }
    if (clusters.size() > 1) {
        // Not for good: a cluster that was just recovered says only a moment later which one it stands for.
        return WaitFor{text::format("there are {} etcd clusters where one is expected, and joining either makes it "
                                    "worse: {}. A person has to say which one stays",
                                    clusters.size(), describe_all(clusters))};
    }
    const auto& cluster = *clusters.front();
    if (!cluster.quorate) { return wait_for_quorum(cluster); }
    return decide_join(situation, cluster);
}

/// Rules C, C' and E: who must not found, although no cluster answers.
std::optional<WaitFor> barred_from_founding(const Situation& situation) {
    const auto ahead = list_peers(situation, [](const PeerView& peer) -> std::optional<std::string> {
        if (!peer.answer || peer.answer->phase < Phase::committed) { return std::nullopt; }
        return std::string(to_string(peer.answer->phase));
    });
    if (!ahead.empty()) {
        return WaitFor{
            "the cluster has been founded already, and this disk is new: waiting for its etcd to answer, to "
            "join it. " +
            ahead};
    }
    if (has_a_past(situation)) {
        return WaitFor{"this machine has been a member and its data is gone: it never founds again. Waiting for the "
                       "cluster, to join it"};
    }
    if (is_founder(situation)) { return std::nullopt; }
    const auto others = list_peers(situation, [](const PeerView& peer) -> std::optional<std::string> {
        return peer.answer ? std::string(to_string(peer.answer->phase)) : peer.silence;
    });
    return WaitFor{text::format("{} ({}) is not one of the founders: waiting for a cluster, to join it. {}",
                                situation.name, situation.address, others)};
}

Founding founding_of(const Situation& situation) {
    const auto* const record = own_record(situation);
    const std::string nonce = record == nullptr ? "" : record->nonce;
    std::map<std::string, std::string> identities{{situation.name, identity_of(situation.instance_id, nonce)}};
    for (const auto& peer : situation.peers) {
        if (!peer.answer || !situation.founders.contains(peer.name)) { continue; }
        identities[peer.name] = identity_of(peer.answer->instance_id, peer.answer->nonce);
    }
    return {.cluster_id = situation.cluster_id,
            .name = situation.name,
            .instance_id = situation.instance_id,
            .phase = Phase::prepared,
            .token = founding_token(situation.cluster_id, situation.founders, identities),
            .initial_cluster = initial_cluster(situation.founders),
            .nonce = nonce};
}

/// Rules J, K and L': everybody answers and nobody has gone ahead.
Decision decide_among_founders(const Situation& situation) {
    auto founding = founding_of(situation);
    const auto* const record = own_record(situation);
    if (record == nullptr || *record != founding) { return Prepare{std::move(founding)}; }
    const auto missing = list_peers(situation, [&](const PeerView& peer) -> std::optional<std::string> {
        if (!situation.founders.contains(peer.name)) { return std::nullopt; }
        if (peer.answer->phase == Phase::prepared && peer.answer->token == founding.token) { return std::nullopt; }
        return std::string(to_string(peer.answer->phase));
    });
    if (!missing.empty()) { return WaitFor{"waiting for the other founders to prepare: " + missing}; }
    founding.phase = Phase::committed;
    return Commit{std::move(founding)};
}

/// Rules H to L'.
Decision decide_founding(const Situation& situation) {
    const auto unexplained = list_peers(situation, [](const PeerView& peer) -> std::optional<std::string> {
        if (!peer.answer || !peer.answer->has_data) { return std::nullopt; }
        return "it has etcd data that is not of this founding; look at its status";
    });
    if (!unexplained.empty()) { return WaitFor{"waiting for " + unexplained}; }
    const auto silent = list_peers(situation, [&](const PeerView& peer) -> std::optional<std::string> {
        if (peer.answer || !situation.founders.contains(peer.name)) { return std::nullopt; }
        return peer.silence;
    });
    if (!silent.empty()) { return WaitFor{"waiting for " + silent}; }
    if (situation.founders.size() == 1 && situation.listening_for < kListen) {
        return WaitFor{"the only founder: listening whether a member of an existing cluster calls"};
    }
    const auto asked = std::ranges::count_if(
        situation.peers, [&](const PeerView& peer) { return situation.founders.contains(peer.name); });
    if (static_cast<std::size_t>(asked) + 1 != situation.founders.size()) {
        return WaitFor{"waiting for the other founders"};
    }
    return decide_among_founders(situation);
}

} // namespace

const Founding* own_record(const Situation& situation) {
    if (!situation.record) { return nullptr; }
    const auto& record = *situation.record;
    const bool own = record.cluster_id == situation.cluster_id && record.name == situation.name &&
                     record.instance_id == situation.instance_id;
    return own ? &record : nullptr;
}

std::string describe_decision(const Decision& decision) {
    struct {
        std::string operator()(const StartExisting& /*it*/) const { return "start existing"; }
        std::string operator()(const Prepare& it) const { return "prepare " + it.record.token; }
        std::string operator()(const Commit& it) const { return "commit " + it.record.token; }
        std::string operator()(const StartFounder& it) const { return "start founder " + it.record.token; }
        std::string operator()(const StartJoiner& it) const { return "start joiner " + hex_id(it.record.member_id); }
        std::string operator()(const AddLearner& it) const { return "add learner to " + hex_id(it.cluster); }
        std::string operator()(const RemoveMember& it) const { return "remove " + hex_id(it.id); }
        std::string operator()(const PutAside& it) const { return "put aside: " + it.reason; }
        std::string operator()(const WaitFor& it) const { return it.reason; }
        std::string operator()(const Refuse& it) const { return "refuse: " + it.reason; }
    } const text;
    return std::visit(text, decision);
}

bool needs_peers(const Situation& situation) {
    if (situation.has_data) {
        const auto* const record = own_record(situation);
        return record != nullptr && record->phase >= Phase::started && record->phase <= Phase::member &&
               !situation.is_serving;
    }
    return !decide_by_record(situation);
}

Decision decide(const Situation& situation) {
    if (situation.has_data) { return decide_with_data(situation); }
    if (auto decision = decide_by_record(situation)) { return *std::move(decision); }
    if (auto refusal = stranger_among(situation)) { return *std::move(refusal); }
    if (auto decision = follow_the_committed(situation)) { return *std::move(decision); }
    if (auto decision = decide_by_clusters(situation)) { return *std::move(decision); }
    if (auto wait = barred_from_founding(situation)) { return *std::move(wait); }
    return decide_founding(situation);
}

} // namespace ingot::firstboot
