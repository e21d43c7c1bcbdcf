// The restore test: a backup that nobody has restored is a hope.
//
// On schedule, a replica restores the newest backup into a folder of its own, starts it on a socket of its own, lets
// PostgreSQL recover to the point where the backup is consistent, reads every table and checks every index
// (pg_amcheck), and throws it away. What came of it is published in etcd. The scratch database archives nothing,
// listens on no network, and cannot be mistaken for the cluster's: another folder, another port, trust only for the
// user of the operating system.
//
// It runs as the unit ingot-restore-test.service (`ingot-agent restore-test`), as user postgres, below the limits of
// that unit, so that queries come first.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firstboot/backup/report.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

inline constexpr std::string_view kRestoreTestUnit = "ingot-restore-test.service";

/// What the unit is to do: a file that the agent writes for it.
struct RestorePlan {
    std::string node;
    std::string stanza;
    int repository = 1;
    std::string label;
    std::uint64_t bytes = 0; ///< of the database that comes out of it
    std::string bin;         ///< PostgreSQL's programs
    std::string scratch = "/var/lib/postgresql/restore-test";
    unsigned processes = 1;
};
std::string to_json_text(const RestorePlan& plan);
Result<RestorePlan> plan_from_json(std::string_view text);

/// postgresql.conf of the scratch database: what it was in the cluster does not count here.
std::string render_scratch_config(const RestorePlan& plan);
/// The arguments of `pgbackrest … restore`.
std::vector<std::string> restore_arguments(const RestorePlan& plan);
/// Why there is no room for it; empty if there is: the database, a tenth of it, and what the cluster's own needs.
std::string why_no_room(const RestorePlan& plan, std::uint64_t free_bytes, std::uint64_t disk_bytes);

/// Does it, in the unit. Whatever fails is in the result.
backup::RestoreTest run_restore_test(const RestorePlan& plan, process::Processes& processes,
                                     const clock::Clock& clock);

/// The duty: starts the unit when a test is due, publishes what came of it.
class RestoreTestRunner {
  public:
    Status operator()(const Database& database);

  private:
    Status publish(const Database& database, const std::string& unit_state);
    Status begin(const Database& database);
    EtcdSession& etcd(const Database& database);

    std::unique_ptr<EtcdSession> etcd_{};
    std::optional<LeaseLock> lock_{};
    bool ran_ = false;
};

} // namespace ingot::firstboot::db
