// Asks the disk, etcd, Patroni and the repository: the effects behind the decisions.
#pragma once

#include <optional>

#include "firstboot/db/backup.hpp"
#include "firstboot/db/decide.hpp"
#include "firstboot/db/sizing.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

inline constexpr std::string_view kPatroniUnit = "patroni.service";
inline constexpr std::string_view kBackupUnit = "ingot-backup.service";

/// Memory, cores, disk, watchdog.
Machine observe_machine(const Database& database);

Result<std::optional<Claim>> read_claim(const Database& database);
Status write_claim(const Database& database, const Claim& claim);

/// The repository first, etcd after it: a stanza is made after etcd knows the database, so a stanza without an
/// entry in etcd is seen only if the entry is really gone.
Result<Past> observe_past(const Database& database);

/// Patroni's own answer on this node. transient while it does not answer.
Result<PatroniStatus> ask_patroni(const Database& database);
/// The same if this node holds the leader's lock; nothing otherwise.
Result<std::optional<PatroniStatus>> ask_whether_leader(const Database& database);

Result<BootstrapView> observe_bootstrap(const Database& database, EtcdSession& etcd);
/// Every repository of this node, by `pgbackrest info`; one that cannot be asked is a view that says so.
std::vector<backup::RepositoryView> observe_repositories(const Database& database);
Result<std::optional<BackupState>> published_backup(const Database& database, EtcdSession& etcd);

/// Ingot's keys of this role.
std::string provisioned_key(const Database& database);
std::string backup_state_key(const Database& database);

} // namespace ingot::firstboot::db
