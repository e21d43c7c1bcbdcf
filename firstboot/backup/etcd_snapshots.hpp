// Snapshots of etcd in the backup repositories: which are due, what they are called, what is known of them; pure.
//
// etcd nodes keep snapshots on their disks and have no access to the repositories, so the leader of the databases
// puts one into each repository beside the stanza, once in each period (an hour) of the cluster's life: when the last
// one was put stands in etcd, so a failover neither skips one nor makes two.
//
// There are 24 places for the periods and 7 for the days, and each is written over when its turn comes again:
//
//     etcd/hour-00.db … etcd/hour-23.db      the number of the period, modulo 24
//     etcd/day-0.db … etcd/day-6.db          the first of a day, by the number of the day, modulo 7
//
// So nothing is ever removed: pgBackRest 2.55 cannot do that on a backup host (repo-rm ends with an assertion there).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/clock.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot::backup {

inline constexpr std::string_view kEtcdFolder = "etcd"; ///< beside archive/ and backup/

/// Attempts into one repository since the last that succeeded.
struct SnapshotFailure {
    std::string node{};
    clock::WallTime at{};
    int count = 0;
    std::string message{};
    friend bool operator==(const SnapshotFailure&, const SnapshotFailure&) = default;
};

/// What is known of one repository.
struct SnapshotRecord {
    int number = 1;
    std::optional<clock::WallTime> at{}; ///< of the newest that was read back whole
    std::string place{};                 ///< its name: "hour-13"
    std::uint64_t bytes = 0;
    std::string day{}; ///< "2026-11-28": of the newest of the seven
    std::optional<SnapshotFailure> failure{};
    friend bool operator==(const SnapshotRecord&, const SnapshotRecord&) = default;
};

/// What stands in etcd.
struct SnapshotReport {
    std::vector<SnapshotRecord> repositories{};
    /// The record of that repository; made if there is none.
    SnapshotRecord& of(int number);
    [[nodiscard]] const SnapshotRecord* find(int number) const;
};
std::string snapshot_report_key(std::string_view cluster);
json::Json to_json(const SnapshotReport& report);
Result<SnapshotReport> snapshot_report_from_json(std::string_view text);

/// Which period a moment is in. Clusters begin theirs at different moments.
std::int64_t period_of(clock::WallTime time, std::chrono::seconds every, std::string_view cluster_id);
/// The repositories (1 to `count`) without one of this period; not shortly after an attempt that failed.
std::vector<int> repositories_due(const SnapshotReport& report, int count, std::chrono::seconds every,
                                  std::string_view cluster_id, clock::WallTime now);

std::string hourly_place(std::int64_t period); ///< "hour-13"
std::string daily_place(clock::WallTime now);  ///< "day-3"
std::string day_of(clock::WallTime now);       ///< "2026-11-28"
/// One of the 31 names, exactly.
bool is_snapshot_place(std::string_view name);
/// "etcd/hour-13.db"
std::string snapshot_path(std::string_view place);

/// A file that lies in a repository.
struct StoredSnapshot {
    std::string place{};
    clock::WallTime at{};
    std::uint64_t bytes = 0;
    friend bool operator==(const StoredSnapshot&, const StoredSnapshot&) = default;
};
/// From `pgbackrest repo-ls --output=json etcd`; the newest first. What has another name is left out.
Result<std::vector<StoredSnapshot>> stored_snapshots_from_json(std::string_view text);

/// What a person has to know: attempts that fail, and a newest one that is older than three periods.
std::vector<std::string> snapshot_alarms(const SnapshotReport& report, std::chrono::seconds every,
                                         clock::WallTime now);
/// "1: 2026-11-28T13:00:04Z, 2: none yet"
std::string snapshot_summary(const SnapshotReport& report);

} // namespace ingot::firstboot::backup
