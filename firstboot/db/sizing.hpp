// PostgreSQL's parameters, computed from the machine.
//
// Two kinds, because Patroni keeps them in two places. What all members must agree on (a standby with fewer
// max_connections than its primary does not start) goes into etcd with the first bootstrap and is the same
// everywhere from then on. What belongs to one machine's memory, cores and disk is computed on that machine,
// so that a bigger replica uses what it has.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "firstboot/node/node.hpp"

namespace ingot::firstboot::db {

using Parameters = std::map<std::string, std::string>;

/// What the computation depends on.
struct Machine {
    std::uint64_t memory_bytes = 0; ///< 0: unknown, PostgreSQL's own defaults then
    unsigned cpus = 1;
    std::uint64_t disk_bytes = 0; ///< of the filesystem that holds the data directory; 0: unknown
    bool has_watchdog = false;    ///< /dev/watchdog exists
    bool rotational = false;      ///< the disk has heads
    bool wal_disk = false;        ///< a disk of its own is mounted for the WAL
    bool retiring = false;        ///< `ingot-agent retire` was told to take this node out
    /// Names of the parameters that were set for all members when the cluster was made, or applied since; nothing as
    /// long as there is no cluster.
    std::optional<std::set<std::string>> set_for_all{};
};

/// The same for all members. The user's parameters are merged over it.
Parameters cluster_parameters(const NodeSpec& node, const Machine& machine);
/// This machine's own; without those that are set for all: by the cluster, or by this user-data if there is none yet.
/// (Patroni prefers what a member says itself. What a later user-data sets and the cluster does not, counts nowhere.)
Parameters machine_parameters(const NodeSpec& node, const Machine& machine);

int max_connections(const Machine& machine);

} // namespace ingot::firstboot::db
