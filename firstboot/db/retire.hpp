// Taking a db node out of its cluster on purpose, with nobody noticing: for scale-in, and for an upgrade by booting
// newer images. What comes next is a pure rule over what Patroni says of the cluster:
//
//   Patroni is paused                                                  → refuse: nobody would take over
//   nobody leads                                                       → wait
//   there is nobody else                                               → refuse (never: the last one keeps the data)
//   the rest would have a leader but no replica that may follow it     → wait, unless told that this is wanted
//   this node leads: a replica is fit to lead                          → switch over to it
//                    none is                                           → wait
//   otherwise                                                          → leave
//
// Fit: it streams, it is on the leader's timeline, it lags by little, it may fail over, and with synchronous
// replication it is a synchronous replica. While the switchover is made, the proxies hold their clients back
// (coordination/pause.hpp).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result/result.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// A member as GET /cluster shows it.
struct ClusterMember {
    std::string name;
    std::string role;  ///< "leader", "standby_leader", "replica", "sync_standby", "quorum_standby"
    std::string state; ///< "running", "streaming", …
    std::optional<std::int64_t> timeline{};
    std::optional<std::int64_t> lag{}; ///< bytes
    bool nofailover = false;
    std::string host{};
};
struct ClusterView {
    bool paused = false;
    std::vector<ClusterMember> members{};
};
Result<ClusterView> cluster_from_json(std::string_view text);

struct RetireWish {
    std::string self;
    bool synchronous = false;
    bool leave_no_replica = false; ///< --alone: the rest may be a leader without a replica
};

struct SwitchOver {
    std::string candidate;
};
struct WaitFor {
    std::string reason;
};
struct RefuseToRetire {
    std::string reason;
};
struct Leave {};
using RetireStep = std::variant<WaitFor, RefuseToRetire, SwitchOver, Leave>;

RetireStep decide_retire(const ClusterView& cluster, const RetireWish& wish);

struct RetireOptions {
    bool leave_no_replica = false;
    std::chrono::seconds patience{600};
    std::function<void(const std::string&)> say;
};
/// Does it. Can be run again after it failed or was interrupted anywhere.
Status retire(const Database& database, const RetireOptions& options);
/// Takes the node back, as long as its machine is there.
Status enlist(const Database& database);

} // namespace ingot::firstboot::db
