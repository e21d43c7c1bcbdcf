// What an etcd node does next: one pure function over its own disk, the founders, and what each peer answers.
//
// The rules, in the order in which they are asked. With a write-ahead log on the disk:
//   A1  a record of this cluster, member and machine                → start it, ask nobody
//   A2  …but etcd does not serve, and the cluster has it no more    → put the data aside, join anew
//       …or a person recovered the cluster from a snapshot          → put the data aside, join anew
//   A3  …but another cluster is there                               → refuse, and print both
//   A4  …but the log is damaged, and the others have a quorum       → put the data aside, join anew
//   B   no such record                                              → refuse: whose data is it?
// Without one:
//   L   a person made it leave                                      → refuse
//   G   committed, or started on the same data folder: never voted  → start as founder (power was cut)
//   F   a peer answers for another cluster, or under another name   → refuse, and print both
//   G2  a peer has committed the founding that I prepared           → commit
//   C0  two clusters                                                → refuse, and print both
//   C1  a cluster without a quorum                                  → wait, say how to recover; never found
//   C2… a cluster with a quorum                                     → join it (below)
//   C   somebody has founded, but no etcd answers                   → wait; never found
//   C'  the record says there was data here                         → wait for the cluster; never found
//   E   not a founder                                               → wait for the founders
//   H   a founder has data it cannot account for                    → wait for a person there
//   I   a founder is silent                                         → wait, and say for whom
//   D1  I am the only founder                                       → listen for members that call, first
//   J   all answer, I have not prepared this founding               → prepare
//   K   all are prepared with my token                              → commit
//   L'  otherwise                                                   → wait for those who are not
// Never over existing data, never with a founder missing: a silent founder may hold the only copy.
//
// Joining:
//   C7  my name is listed under one id, my address under another    → refuse
//   C3  I am listed as a learner that never ran                     → start; one that did run → remove it
//   C6  I am listed and answer elsewhere                            → refuse: two machines of one name
//   C5  I am listed as a voter: my past life                        → remove it, if nobody hears it and
//                                                                     the healthy keep their quorum
//   C8  another one is being taken in                               → wait
//   J   a voter is silent for long and I wait to take its place     → remove it, under the same conditions
//   C9  a voter is not well                                         → wait: etcd takes in nobody meanwhile
//   S   the voters are odd, and nobody else waits                   → wait as a spare: an even number
//                                                                     tolerates no more than one less
//   C2  otherwise, the oldest of those who wait                     → add myself as a learner
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "firstboot/etcd/cluster_view.hpp"
#include "firstboot/etcd/founding.hpp"

namespace ingot::firstboot {

/// Another machine, as it answered or did not.
struct PeerView {
    std::string name;
    std::string address;
    std::optional<Attestation> answer{};
    std::string silence{};                       ///< why there is no answer
    std::optional<std::uint64_t> etcd_cluster{}; ///< its etcd answers for this cluster
};

/// Why etcd does not run, as far as its last words tell.
enum class LastWords {
    nothing, ///< it runs, or nothing was said that matters here
    removed, ///< "the member has been permanently removed"
    damaged, ///< the log cannot be read, or contradicts the cluster
    unequal, ///< the list of members it was started with is not the present one
};

/// All that the decision depends on.
struct Situation {
    std::string cluster_id;
    std::string name; ///< own
    std::string address;
    std::string instance_id;
    Founders founders{};
    bool has_data = false; ///< a write-ahead log on the own disk
    std::optional<Founding> record{};
    bool same_data_folder = false; ///< the data folder carries the mark that was put there with the record
    bool is_serving = true;        ///< with data: etcd serves, or has not been started yet
    LastWords last_words = LastWords::nothing;
    std::vector<PeerView> peers{};       ///< the other founders first; empty if they were not asked
    std::vector<ClusterView> clusters{}; ///< every cluster id that was seen
    std::chrono::seconds replace_after{0};
    std::chrono::milliseconds listening_for{0}; ///< for members that call; they do every 3 s
};

/// How long a founder that has nobody to ask listens before it founds: the cluster may have grown and know it, while
/// its user-data names no one else.
inline constexpr std::chrono::seconds kListen{8};

struct StartExisting {};
struct Prepare {
    Founding record;
};
struct Commit {
    Founding record;
};
struct StartFounder {
    Founding record;
};
struct StartJoiner {
    Founding record;
};
/// Ask the cluster to list this machine as a learner.
struct AddLearner {
    std::uint64_t cluster = 0;
};
struct RemoveMember {
    std::uint64_t cluster = 0;
    std::uint64_t id = 0;
    std::string reason;
};
/// Rename the data folder and go on as a machine without data, that may never found.
struct PutAside {
    Founding record;
    std::string reason;
};
struct WaitFor {
    std::string reason;
};
struct Refuse {
    std::string reason;
};
using Decision = std::variant<StartExisting, Prepare, Commit, StartFounder, StartJoiner, AddLearner, RemoveMember,
                              PutAside, WaitFor, Refuse>;

Decision decide(const Situation& situation);

/// One line that is the same for the same decision, for comparing and for tests: "remove 8e9e05c52164694d".
std::string describe_decision(const Decision& decision);

/// True if the decision depends on others, so that they have to be asked first.
bool needs_peers(const Situation& situation);

/// The record, if it is about this cluster, this member and this machine; otherwise it does not count.
const Founding* own_record(const Situation& situation);

/// Joining a cluster that has a quorum, without data: rules C2 to C9, J and S.
Decision decide_join(const Situation& situation, const ClusterView& cluster);

/// More voters than this make each write slower and nothing safer.
inline constexpr std::size_t kMostVoters = 5;

} // namespace ingot::firstboot
