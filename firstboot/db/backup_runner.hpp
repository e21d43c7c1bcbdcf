// Makes the backups that are due, on one node at a time.
//
// Whoever may (see backup::may_run) and finds something due takes a lock in etcd, looks into the repositories, and if
// it is still due starts the unit ingot-backup.service. The lock is held for as long as the unit runs; it is bound to
// a lease, so it ends with this machine, and then the next one goes on. pgBackRest's own lock in the primary's
// database stands behind it. The unit goes on when the agent is restarted, and says by its state how it ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "firstboot/backup/report.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// One backup to be made.
struct Job {
    int repository = 1;
    backup::Kind kind = backup::Kind::full;
    friend bool operator==(const Job&, const Job&) = default;
};
std::string to_json_line(const Job& job);
std::optional<Job> job_from_json(std::string_view text);

/// What is due first; nothing in a repository that cannot be asked, or shortly after an attempt that failed.
/// `request` is a person's wish, which does not wait for its time. `may`: into which
/// repositories this node makes backups now.
std::optional<Job> next_job(const backup::Report& report, const cloud_init::BackupConfig& config,
                            std::string_view cluster_id, const std::optional<Job>& request, clock::WallTime now,
                            const std::function<bool(const backup::RepositoryReport&)>& may);

/// May this node make a backup into this repository? A replica where it can (backup::may_run). Into one on a backup
/// host the primary itself: pgBackRest takes either the primary or the repository from a server, not both.
bool may_back_up(const std::vector<backup::Candidate>& candidates, std::string_view self, bool on_host, int failures);

/// For the unit: what to do, and where the primary is if this node is a replica.
std::string render_backup_environment(const NodeSpec& node, const Job& job,
                                      const std::optional<std::string>& primary);

class BackupRunner {
  public:
    Status operator()(const Database& database);

  private:
    Status keep_lock(const Database& database);
    Status finish(const Database& database, const std::string& unit_state);
    Status begin(const Database& database);
    static Status launch(const Database& database, const Job& job, const std::vector<backup::Candidate>& candidates);
    static backup::Report look(const Database& database, const std::optional<backup::Report>& before);
    EtcdSession& etcd(const Database& database);

    std::unique_ptr<EtcdSession> etcd_{};
    std::optional<LeaseLock> lock_{}; ///< after the session it uses
    std::optional<Job> job_{};        ///< what the unit is at, if this process started it
    bool ran_ = false;                ///< the unit was seen running
};

/// What a person asks of this node (`ingot-agent backup now`): "/run/ingot/request-" and "backup" or "restore-test".
inline constexpr std::string_view kRequestFolder = "/run/ingot/request-";

/// Keys in etcd.
std::string backup_report_key(const Database& database);
std::string backup_request_key(const Database& database);
Result<std::optional<backup::Report>> published_report(const Database& database, EtcdSession& etcd);
/// Patroni's members as they stand in etcd.
Result<std::vector<backup::Candidate>> observe_candidates(const Database& database, EtcdSession& etcd);

} // namespace ingot::firstboot::db
