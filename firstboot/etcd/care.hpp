// Looking after a cluster that runs: what the agent beside the raft leader does; pure.
//
// The rules:
//   promote     a learner that has caught up, if the voters become odd by it, or if another machine waits that
//               makes them odd next: two voters tolerate less than one
//   evict       a learner that makes no progress and whose machine is silent, for as long as a voter would have to be
//   defragment  one member, if all are healthy and enough of its file is empty; the leader last
//   no space    compact, defragment each, clear the alarm; at most once an hour, and never clear CORRUPT
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "firstboot/etcd/cluster_view.hpp"
#include "firstboot/etcd/founding.hpp"

namespace ingot::firstboot::etcd {

/// What the leader's agent knows of a learner.
struct LearnerView {
    std::optional<EtcdStatus> status{};      ///< it serves this even as a learner
    std::int64_t leader_index = 0;           ///< raft index of the leader
    bool agent_answers = false;              ///< the agent of its machine
    std::chrono::seconds without_progress{}; ///< its applied index is the same for so long
};

struct Promote {
    std::uint64_t id = 0;
};
struct Evict {
    std::uint64_t id = 0;
    std::string reason;
};
struct Leave {
    std::string reason; ///< why nothing is done; empty: there is no learner
};
using LearnerDecision = std::variant<Promote, Evict, Leave>;

LearnerDecision decide_learner(const ClusterView& cluster, const LearnerView& learner,
                               std::chrono::seconds evict_after);

/// The file of one member.
struct MemberSpace {
    std::uint64_t id = 0;
    bool leader = false;
    std::int64_t size = 0;
    std::int64_t in_use = 0;
};
/// Whom to defragment next: enough of the file is empty, followers first. Nothing if nobody needs it.
std::optional<std::uint64_t> choose_defragmentation(const std::vector<MemberSpace>& members);

/// Four fifths of the quota are in use: compaction and defragmentation will not help for long.
bool is_nearly_full(const MemberSpace& member, std::int64_t quota);

/// What status shows of one member's space.
struct SpaceView {
    std::int64_t size = 0;
    std::vector<std::string> alarms{};
    std::optional<double> compacted{}; ///< the oldest revision that can still be read; below 0: none was dropped yet
    std::optional<double> revision{};
    std::string defragmented{};    ///< the member that was defragmented last; empty: none ever was
    std::string defragmented_at{}; ///< when
};
/// "4.1 MB of 2.1 GB (0 %), no alarm; compacted up to revision 812 of 990; never defragmented"
std::string describe_space(const SpaceView& view, std::int64_t quota);

/// "3 voters, 3 healthy, one may fail": what status shows.
std::string summarise(const ClusterView& cluster);
/// What a person should know: silent members, too few, an even number. Empty: all is well.
std::vector<std::string> complaints(const ClusterView& cluster);
/// Why this member should not leave; nothing if it may. `anyway`: fewer tolerated failures are no reason.
std::optional<std::string> leave_risk(const ClusterView& cluster, std::uint64_t self, bool anyway);
/// In what the members differ from the founders that this node's user-data names. Empty: in nothing.
std::string drift(const ClusterView& cluster, const Founders& founders);

} // namespace ingot::firstboot::etcd
