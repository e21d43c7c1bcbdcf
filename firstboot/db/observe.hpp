// Asks the disk, etcd, Patroni and the repository: the effects behind the decisions.
#pragma once

#include <optional>

#include "common/json/json.hpp"

#include "firstboot/db/backup.hpp"
#include "firstboot/db/decide.hpp"
#include "firstboot/db/retire.hpp"
#include "firstboot/db/sizing.hpp"
#include "firstboot/db/source.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

inline constexpr std::string_view kPatroniUnit = "patroni.service";
inline constexpr std::string_view kBackupUnit = "ingot-backup.service";

/// `ingot-agent retire` leaves it: this node takes no part any more, also after a reboot.
inline constexpr std::string_view kRetiredFile = "/var/lib/ingot/retired.json";

/// Whether there is a watchdog is found out when the machine is set up: the agent's sandbox has no devices.
inline constexpr std::string_view kWatchdogMark = "/run/ingot/watchdog";

/// Memory, cores, disk, watchdog.
Machine observe_machine(const Database& database);

Result<std::optional<Claim>> read_claim(const Database& database);
Status write_claim(const Database& database, const Claim& claim);

/// The repositories are asked only where they decide (rule G), so that one that does not answer keeps no member from
/// starting. Then etcd is read after them: a stanza is made after etcd knows the database, so a stanza without an
/// entry in etcd is seen only if the entry is really gone.
Result<Past> observe_past(const Database& database);

/// Patroni's own answer on this node. transient while it does not answer.
Result<PatroniStatus> ask_patroni(const Database& database);
/// Of the member at that address. Its role is what PostgreSQL itself says there; observe_cluster() has the role that
/// follows from the configuration, which comes earlier.
Result<PatroniStatus> ask_patroni_at(const Database& database, const std::string& address);
/// The same if this node holds the leader's lock; nothing otherwise.
Result<std::optional<PatroniStatus>> ask_whether_leader(const Database& database);

/// All members, as this node's Patroni sees them.
Result<ClusterView> observe_cluster(const Database& database);
/// Merges `patch` into the configuration that all members share; transient, with Patroni's own words, if it refuses.
Status patch_cluster(const Database& database, const json::Json& patch);

/// What the cluster was told about PostgreSQL (settings.hpp), as etcd has it; null before it is made.
Result<json::Json> observe_cluster_settings(const Database& database);

/// Writes patroni.yml if it is another one. True if it is.
Result<bool> write_patroni_config(const Database& database);

Result<BootstrapView> observe_bootstrap(const Database& database, EtcdSession& etcd);
/// One repository, the first is 1, by `pgbackrest info`; one that cannot be asked is a view that says so.
backup::RepositoryView observe_repository(const Database& database, int number);
/// Every repository of this node.
std::vector<backup::RepositoryView> observe_repositories(const Database& database);
/// What there is in the repository of the cluster that this one is made of.
Result<std::vector<SourceBackup>> observe_source_backups(const Database& database);
Result<std::optional<BackupState>> published_backup(const Database& database, EtcdSession& etcd);

/// Ingot's keys of this role.
std::string provisioned_key(const Database& database);
std::string backup_state_key(const Database& database);

} // namespace ingot::firstboot::db
