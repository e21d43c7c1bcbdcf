// Configuration files of a database node, as text: patroni.yml and pgbackrest.conf.
//
// How the parts find and trust each other:
// - Replication, rewinding and superuser connections between nodes authenticate by certificate; no password
//   for them exists. PostgreSQL trusts the db CA and the proxy CA, and pg_hba tells the two apart by the
//   certificate's whole subject: "CN=db-1,OU=db,O=orders". A CA can sign for its own OU only (a name
//   constraint, which OpenSSL enforces), so a stolen proxy cannot become a database.
// - Patroni's REST answers health checks without a certificate and takes orders only with one of the db CA.
// - Application users come over TLS with SCRAM, from the private network only.
#pragma once

#include <string>

#include "firstboot/backup/render.hpp"
#include "firstboot/db/sizing.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot::db {

inline constexpr std::string_view kPatroniFile = "/etc/patroni/config.yml";
inline constexpr std::string_view kClientCaFile = "/etc/patroni/ca-clients.crt"; // who may present a certificate
inline constexpr std::string_view kSocketFolder = "/var/run/postgresql";
inline constexpr int kPostgresPort = 5432;
inline constexpr int kRestPort = 8008;

/// "/var/lib/postgresql/17/main".
std::string data_directory(const NodeSpec& node);
/// Where a disk for the WAL is mounted, if there is one, and the folder on it.
inline constexpr std::string_view kWalMount = "/var/lib/postgresql-wal";
std::string wal_directory(const NodeSpec& node);
/// "/usr/lib/postgresql/17/bin".
std::string bin_directory(const NodeSpec& node);
using backup::archive_command;
using backup::has_repository;
using backup::repository_path;
using backup::stanza;

/// How soon Patroni acts.
struct Timing {
    int ttl;
    int loop_wait;
    int retry_timeout;
    int primary_start_timeout; ///< a crashed primary that is back sooner loses nothing; later, it is replaced
    /// A primary that has not stopped by then is killed, with synchronous replication only: all that was acknowledged
    /// is elsewhere too. Else one that hangs while it stops would hold the leader's key for ever.
    int primary_stop_timeout;
};
Timing timing_of(cloud_init::Failover failover);

std::string render_patroni(const NodeSpec& node, const Machine& machine);
/// Holds secrets: not for others' eyes.
std::string render_pgbackrest(const NodeSpec& node, const Machine& machine, backup::Scope scope = backup::Scope::all);

} // namespace ingot::firstboot::db
