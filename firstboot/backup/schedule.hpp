// When the next backup of which kind is due: pure arithmetic on what is in the repository and what time it is.
//
// A time of the schedule that has passed without a backup since makes one due, however long ago it was and however
// many have passed: an outage is caught up with once. What has been made is read from the repository by its start, so
// a failover between the two changes nothing, and nothing is made twice. A full backup counts as a differential one,
// and both as an incremental one.
//
//     there is no full backup                                → full, at once
//     the newest full one began before full's last time      → full
//     the newest full or differential one, before diff's     → diff
//     the newest of all, before incr's                       → incr
//
// Each cluster is late by its own jitter, so that clusters which share a repository do not all begin at 02:00.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "firstboot/backup/repository.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot::backup {

/// A part of the period, half an hour at most; the same at every node of a cluster.
std::chrono::seconds jitter_of(std::string_view cluster_id, const cloud_init::Slot& slot);

/// The last time of a slot that is not after `now`.
clock::WallTime last_time(const cloud_init::Slot& slot, std::chrono::seconds jitter, clock::WallTime now);
clock::WallTime next_time(const cloud_init::Slot& slot, std::chrono::seconds jitter, clock::WallTime now);

/// When the newest backup of exactly this kind began.
struct LastBackups {
    std::optional<clock::WallTime> full{};
    std::optional<clock::WallTime> diff{};
    std::optional<clock::WallTime> incr{};
};
LastBackups last_backups(const RepositoryView& repository);

std::optional<Kind> due(const cloud_init::BackupSchedule& schedule, std::string_view cluster_id,
                        const LastBackups& last, clock::WallTime now);

/// A restore test is due if a time passed since the last one, or since there was something to restore.
bool restore_test_due(const std::optional<cloud_init::Slot>& slot, std::string_view cluster_id,
                      std::optional<clock::WallTime> since, clock::WallTime now);

// ---- who makes it --------------------------------------------------------------------------------

/// A member of the cluster, as Patroni's key in etcd describes it.
struct Candidate {
    std::string name{};
    std::string address{};
    bool leads = false;
    bool streams = false; ///< a replica that follows
    bool delayed = false; ///< on purpose, or kept from work: it never makes backups
};
/// From Patroni's keys below its scope: the part of the key after the prefix, and the value.
std::vector<Candidate> candidates_from(const std::vector<std::pair<std::string, std::string>>& keys);

/// May this node make a backup now? A replica, so that the primary is spared; the primary only when it is alone, or
/// when `failures` attempts of replicas have come to nothing.
bool may_run(const std::vector<Candidate>& candidates, std::string_view self, int failures);

} // namespace ingot::firstboot::backup
