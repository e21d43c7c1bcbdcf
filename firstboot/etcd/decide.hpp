// What an etcd node does next: one pure function over what its own disk and the other founders say.
//
// The rules, in the order in which they are asked:
//   A  own log, and a record of this cluster, member and machine        → start it, ask nobody
//   B  own log without such a record                                    → refuse: whose data is it?
//   C  no log, but the record says there was one                        → refuse: the disk is lost
//   D  no log, committed or started, the data folder is the same        → start as founder (power was cut)
//   E  not a founder                                                    → refuse (joining comes later)
//   F  a founder answers for another cluster, or under another name     → refuse, and print both
//   G  a founder is further than prepared: if it counts on me, follow   → commit
//                                          otherwise                    → refuse: I am new, it is not
//   H  a founder has data it cannot account for                         → wait for a person there
//   I  a founder is silent                                              → wait, and say for whom
//   J  all answer, I have not prepared this founding                    → prepare
//   K  all are prepared with my token                                   → commit
//   L  otherwise                                                        → wait for those who are not
// Never over existing data, never with a founder missing: a silent founder may hold the only copy.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "firstboot/etcd/founding.hpp"

namespace ingot::firstboot {

/// Another founder, as it answered or did not.
struct PeerView {
    std::string name;
    std::string address;
    std::optional<Attestation> answer{};
    std::string silence{}; ///< why there is no answer
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
    std::vector<PeerView> peers{}; ///< the other founders; empty if they were not asked
};

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
struct WaitFor {
    std::string reason;
};
struct Refuse {
    std::string reason;
};
using Decision = std::variant<StartExisting, Prepare, Commit, StartFounder, WaitFor, Refuse>;

Decision decide(const Situation& situation);

/// True if the decision depends on the other founders, so that they have to be asked first.
bool needs_peers(const Situation& situation);

} // namespace ingot::firstboot
