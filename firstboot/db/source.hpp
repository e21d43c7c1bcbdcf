// A cluster made of another one: restored from its backups, or following it as a standby.
//
// The source's repository has a pgbackrest.conf of its own on the node, used for reading only: nothing that runs with
// it is a backup, an archive-push, an expire or a stanza command. The new cluster archives into its own path from its
// first own WAL on. (A copy that archived into the source's stanza would overwrite the history of the next timeline,
// and the source's next failover would be stuck for ever: the system identifiers are the same.)
//
// A standby reaches the source's leader through the source's proxies, under the name that the leader's certificate
// has. Its credential is a certificate of the source's db CA with the name "standby:<cluster>"; the source lets that
// name replicate and rewind, and nothing else (render_patroni.cpp, pg_ident).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "firstboot/backup/render.hpp"
#include "firstboot/db/sizing.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot::db {

inline constexpr std::string_view kSourceFile = "/etc/pgbackrest/source.conf";
inline constexpr std::string_view kSourceCaFile = "/etc/patroni/ca-servers.crt"; // own db CA and the source's
inline constexpr std::string_view kStandbyCertificate = "/etc/patroni/standby.crt";
inline constexpr std::string_view kStandbyKey = "/etc/patroni/standby.key";

/// What restore: or standby_of: names; nothing if neither is there.
const cloud_init::SourceCluster* source_of(const NodeSpec& node);
/// True if there is a repository of a source to read from.
bool reads_source_repository(const NodeSpec& node);
/// True if the source is followed over the network.
bool streams_from_source(const NodeSpec& node);

/// This node as if it were one of the source's: what renders a repository's files does so for the source's then.
NodeSpec in_source(const NodeSpec& node);
/// Keys and CAs of the source's repositories, under names of their own.
std::vector<backup::SecretFile> source_files(const NodeSpec& node);
/// pgbackrest.conf for the source's repository.
std::string render_source(const NodeSpec& node, const Machine& machine);
/// What makes the first database of a cluster with restore:, as Patroni runs it (no shell in between).
std::string restore_bootstrap_command(const NodeSpec& node, const Machine& machine);
/// What makes the first database of a standby from the source's repository.
std::string standby_restore_command(const NodeSpec& node);
/// PostgreSQL's restore_command for the source's WAL.
std::string source_archive_get(const NodeSpec& node);
/// The name under which the source's leader is asked for: "primary.orders.internal".
std::string source_host(const NodeSpec& node);
/// /etc/hosts with that name for each endpoint; other lines stay.
std::string with_source_hosts(std::string_view hosts, const NodeSpec& node);

/// A backup in the source's repository.
struct SourceBackup {
    std::string label;
    std::int64_t stopped = 0; ///< seconds since 1970
};
/// From `pgbackrest info --output=json`, oldest first, without those that have errors.
Result<std::vector<SourceBackup>> source_backups_from_json(std::string_view text, std::string_view stanza);

/// What keeps the restore from being begun. transient where a later look may find it otherwise.
Status check_restore(const cloud_init::RestoreConfig& restore, const std::vector<SourceBackup>& backups);

} // namespace ingot::firstboot::db
