// A running cluster as it was found: who is listed, who answers, and what that allows; pure.
//
// Quorum arithmetic stands here, once. With n voters q(n) = n/2 + 1 of them have to agree. Taking away a
// voter that is dead never makes things worse for those who live, taking away a healthy one may. So a voter
// goes only if the healthy ones reach the quorum both before and after, and only while no learner exists.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstboot/coordination/cluster_client.hpp"

namespace ingot::firstboot {

/// A member of a cluster: what the list says, and what is behind it.
struct ListedMember {
    EtcdMember member{};
    bool healthy = false;               ///< serves clients, and knows a leader
    bool answers = false;               ///< at least its peer port answers, for this cluster
    bool active = false;                ///< a healthy member has a connection to it
    std::chrono::seconds silent_for{0}; ///< seen from here

    /// Nobody hears anything of it.
    [[nodiscard]] bool is_dead() const { return !healthy && !answers && !active; }
};

struct ClusterView {
    std::uint64_t id = 0;
    bool quorate = false;
    std::vector<ListedMember> members{};
    std::vector<std::uint64_t> supersedes{}; ///< ids of clusters that this one was recovered from
    std::vector<std::string> waiting{};      ///< names of machines that want to be let in, the oldest first
    std::string seen_at{};                   ///< who said so, for people
};

constexpr std::size_t quorum_of(std::size_t voters) { return voters / 2 + 1; }

std::size_t count_voters(const ClusterView& cluster);
std::size_t count_healthy_voters(const ClusterView& cluster);
const ListedMember* find_learner(const ClusterView& cluster);
/// The host of a URL: "10.0.0.11" of "https://10.0.0.11:2380".
std::string host_of(std::string_view url);
/// The address of a member by its first peer URL.
std::string address_of(const EtcdMember& member);
/// Its name, or its id if it has never started.
std::string label_of(const EtcdMember& member);
/// "etcd-1 (10.0.0.11, voter, healthy), …"
std::string describe(const ClusterView& cluster);

/// Why this voter must not be removed now; nothing if it may.
std::optional<std::string> removal_risk(const ClusterView& cluster, const ListedMember& victim);

/// --initial-cluster for a machine that joins: exactly the present members. One that has never started has no
/// name, and etcd refuses two without: it stands there under its id. `own_id` under `own_name`.
std::string initial_cluster_of(const std::vector<EtcdMember>& members, std::uint64_t own_id,
                               std::string_view own_name);
std::string initial_cluster_of(const ClusterView& cluster, std::uint64_t own_id, std::string_view own_name);

/// Those who wait and are not members.
std::vector<std::string> still_waiting(const ClusterView& cluster);

} // namespace ingot::firstboot
