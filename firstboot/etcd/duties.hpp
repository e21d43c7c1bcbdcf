// What an etcd node does for as long as it runs, beside keeping its own member alive.
#pragma once

#include <vector>

#include "firstboot/etcd/member.hpp"
#include "firstboot/steps/steps.hpp"

namespace ingot::firstboot::etcd {

/// Membership, space, snapshots, and the speed of disk and clock. Those that concern the whole cluster act only
/// beside the raft leader.
std::vector<Duty> make_duties(const SharedMember& member);

/// NOSPACE: compacts, defragments every member, clears the alarm and proves that a write goes through.
Status make_space(ClusterSession& cluster, const std::vector<ClusterSession*>& members);

} // namespace ingot::firstboot::etcd
