#include "firstboot/etcd/decide.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

/// The record if it is about this cluster, this member and this machine; otherwise it does not count.
const Founding* own_record(const Situation& situation) {
    if (!situation.record) { return nullptr; }
    const auto& record = *situation.record;
    const bool own = record.cluster_id == situation.cluster_id && record.name == situation.name &&
                     record.instance_id == situation.instance_id;
    return own ? &record : nullptr;
}

/// Rules A and B.
Decision decide_with_data(const Situation& situation) {
    const auto* const record = own_record(situation);
    if (record != nullptr && record->phase >= Phase::started) { return StartExisting{}; }
    if (record != nullptr) {
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

/// Rules C and D; nothing if the record decides nothing.
std::optional<Decision> decide_by_record(const Situation& situation) {
    const auto* const record = own_record(situation);
    if (record == nullptr || record->phase <= Phase::prepared) { return std::nullopt; }
    // etcd votes only after its log is on disk. No log on the very same folder means it never voted.
    if (record->phase == Phase::committed || (record->phase == Phase::started && situation.same_data_folder)) {
        return StartFounder{*record};
    }
    return Refuse{
        "this member's etcd data is gone, though it has been a member: it must be replaced, not founded anew. "
        "Replacing a member comes with a later version; until then restore the disk"};
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
        if (peer.answer->name != peer.name) {
            return Refuse{text::format("the machine at {} says it is {}; the founders say it is {}", peer.address,
                                       peer.answer->name, peer.name)};
        }
    }
    return std::nullopt;
}

/// Rule G.
std::optional<Decision> follow_the_committed(const Situation& situation) {
    const auto* const record = own_record(situation);
    for (const auto& peer : situation.peers) {
        if (!peer.answer || peer.answer->phase < Phase::committed) { continue; }
        if (record != nullptr && record->phase == Phase::prepared && record->token == peer.answer->token) {
            auto committed = *record;
            committed.phase = Phase::committed;
            return Commit{std::move(committed)};
        }
        return Refuse{text::format(
            "{} has already founded the cluster and this machine's disk is new: it must join as a replacement, never "
            "found. Joining comes with a later version; until then boot all founders fresh",
            peer.name)};
    }
    return std::nullopt;
}

/// Rules H and I, and L: who is not where it has to be. Empty: nobody.
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

Founding founding_of(const Situation& situation) {
    std::map<std::string, std::string> instances{{situation.name, situation.instance_id}};
    for (const auto& peer : situation.peers) { instances[peer.name] = peer.answer->instance_id; }
    return {.cluster_id = situation.cluster_id,
            .name = situation.name,
            .instance_id = situation.instance_id,
            .phase = Phase::prepared,
            .token = founding_token(situation.cluster_id, situation.founders, instances),
            .initial_cluster = initial_cluster(situation.founders)};
}

/// Rules J, K and L: everybody answers and nobody has gone ahead.
Decision decide_among_founders(const Situation& situation) {
    auto founding = founding_of(situation);
    const auto* const record = own_record(situation);
    if (record == nullptr || *record != founding) { return Prepare{std::move(founding)}; }
    const auto missing = list_peers(situation, [&](const PeerView& peer) -> std::optional<std::string> {
        if (peer.answer->phase == Phase::prepared && peer.answer->token == founding.token) { return std::nullopt; }
        return std::string(to_string(peer.answer->phase));
    });
    if (!missing.empty()) { return WaitFor{"waiting for the other founders to prepare: " + missing}; }
    founding.phase = Phase::committed;
    return Commit{std::move(founding)};
}

} // namespace

bool needs_peers(const Situation& situation) {
    if (situation.has_data) { return false; }
    return !decide_by_record(situation) && situation.founders.contains(situation.name);
}

Decision decide(const Situation& situation) {
    if (situation.has_data) { return decide_with_data(situation); }
    if (auto decision = decide_by_record(situation)) { return *std::move(decision); }

    const auto founder = situation.founders.find(situation.name);
    if (founder == situation.founders.end() || founder->second != situation.address) {
        return Refuse{text::format("this machine ({}, {}) is not one of the founders of the cluster, and joining a "
                                   "running one comes with a later version",
                                   situation.name, situation.address)};
    }
    if (auto refusal = stranger_among(situation)) { return *std::move(refusal); }
    if (auto decision = follow_the_committed(situation)) { return *std::move(decision); }

    const auto unexplained = list_peers(situation, [](const PeerView& peer) -> std::optional<std::string> {
        if (!peer.answer || !peer.answer->has_data) { return std::nullopt; }
        return "it has etcd data that is not of this founding; look at its status";
    });
    if (!unexplained.empty()) { return WaitFor{"waiting for " + unexplained}; }
    const auto silent = list_peers(situation, [](const PeerView& peer) -> std::optional<std::string> {
        if (peer.answer) { return std::nullopt; }
        return peer.silence;
    });
    if (!silent.empty()) { return WaitFor{"waiting for " + silent}; }
    if (situation.peers.size() + 1 != situation.founders.size()) { return WaitFor{"waiting for the other founders"}; }
    return decide_among_founders(situation);
}

} // namespace ingot::firstboot
