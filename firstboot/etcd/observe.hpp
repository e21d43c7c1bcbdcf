// What the own disk and the others say: the effects behind decide().
#pragma once

#include <string_view>

#include "firstboot/etcd/decide.hpp"
#include "firstboot/etcd/member.hpp"

namespace ingot::firstboot::etcd {

/// Looks at the own disk, and asks the others, all at once, if the decision depends on them. `is_serving`: etcd
/// serves, or nobody has tried yet. A machine that could join is entered in the cluster's list of those who wait.
Result<Situation> observe(Member& member, bool is_serving);

/// Why the run of etcd ended that this text is the log of; pure.
LastWords read_last_words(std::string_view log);

/// What another node's agent says.
PeerView ask_agent(const Environment& environment, const std::string& name, const std::string& address,
                   const std::string& path);

// In observe_cluster.cpp.

/// The cluster that a peer port belongs to, and whom that member knows. It answers without a quorum, with what it
/// knows itself: enough to learn that there is a cluster and where, never enough to remove somebody.
struct PeerPortAnswer {
    std::uint64_t cluster_id = 0;
    std::vector<EtcdMember> members{};
};
Result<PeerPortAnswer> ask_peer_port(const Environment& environment, std::string_view address);
/// Asks everybody whom these answers name. `answers`: by address.
std::vector<ClusterView> observe_clusters(Member& member, const std::map<std::string, PeerPortAnswer>& answers);
/// One cluster, by a client that reaches it and the list of its members: who is well.
ClusterView observe_members(Member& member, std::uint64_t cluster_id, const std::vector<EtcdMember>& listed);

} // namespace ingot::firstboot::etcd
