// What is known about the backups of a cluster: published in etcd by whoever looked at the repositories last, and
// kept on each db node as /run/ingot/backup.json for `ingot-agent status`, `doctor` and the metrics.
//
// Times are seconds since 1970-01-01, UTC.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/json/json.hpp"
#include "firstboot/backup/repository.hpp"
#include "firstboot/backup/schedule.hpp"

namespace ingot::firstboot::backup {

inline constexpr std::string_view kStatusFile = "/run/ingot/backup.json";

/// Attempts at backups into one repository since the last that succeeded.
struct Failure {
    Kind kind = Kind::full;
    std::string node{};
    clock::WallTime at{};
    int count = 0;
    std::string message{};
    friend bool operator==(const Failure&, const Failure&) = default;
};

struct RepositoryReport {
    int number = 1;
    std::string place{};
    int status = 0;
    std::string message{};
    std::optional<Record> full{}; ///< the newest of each kind
    std::optional<Record> diff{};
    std::optional<Record> incr{};
    std::string newest_wal{};
    std::optional<Failure> failure{};

    [[nodiscard]] LastBackups last() const;
    /// The newest of all kinds.
    [[nodiscard]] const Record* newest() const;
};

struct Report {
    clock::WallTime at{};
    std::string by{};
    std::vector<RepositoryReport> repositories{};
    [[nodiscard]] const RepositoryReport* find(int number) const;
    /// The newest backup that is whole, in any repository; null without one.
    [[nodiscard]] const Record* newest() const;
};
/// A new report of what was seen; failures of the old one stay until a newer backup is there.
Report make_report(const std::vector<RepositoryView>& views, const std::vector<std::string>& places,
                   const std::optional<Report>& before, std::string_view by, clock::WallTime now);
json::Json to_json(const Report& report);
Result<Report> report_from_json(std::string_view text);

/// How the newest restore test went.
struct RestoreTest {
    clock::WallTime at{};
    std::string node{};
    int repository = 1;
    std::string label{};
    std::chrono::seconds duration{};
    bool passed = false;
    std::string message{}; ///< what failed, or what was looked at
    std::uint64_t bytes = 0;
};
json::Json to_json(const RestoreTest& test);
Result<RestoreTest> restore_test_from_json(std::string_view text);

/// WAL that waits to be archived, on this node.
struct WalView {
    int waiting = 0;                         ///< segments
    std::optional<clock::WallTime> oldest{}; ///< the first of them waits since
    std::string error{};                     ///< why, in pgBackRest's words
    std::uint64_t disk_bytes = 0;            ///< of the disk that holds pg_wal
    std::uint64_t free_bytes = 0;
};
json::Json to_json(const WalView& wal, clock::WallTime now);

/// What a person has to know, each as a sentence; nothing if all is well.
std::vector<std::string> wal_alarms(const WalView& wal, clock::WallTime now);
std::vector<std::string> backup_alarms(const std::optional<Report>& report, const std::optional<RestoreTest>& test,
                                       const cloud_init::BackupConfig& config, clock::WallTime now);

} // namespace ingot::firstboot::backup
