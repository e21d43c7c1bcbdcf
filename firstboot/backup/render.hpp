// pgBackRest's configuration, as text: of db nodes and of the hosts that keep a repository for them.
//
// Who may do what by pgBackRest's TLS servers (port 8432): a db node may read another one's data directory, for
// backups made from a replica; a db node may use the repository of a backup host. A backup host may do nothing at a
// db node. pgBackRest knows clients by the common name of a certificate of the db CA, without patterns; so the nodes
// announce their names in etcd, and each server's list of names (a file of its own) follows.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "firstboot/node/node.hpp"

namespace ingot::firstboot::backup {

inline constexpr std::string_view kConfigFile = "/etc/pgbackrest/pgbackrest.conf";
/// Without the repositories on backup hosts: pgBackRest refuses to have both the primary and a repository behind a
/// server, so a replica that makes backups from the primary's server knows only the others.
inline constexpr std::string_view kDirectConfigFile = "/etc/pgbackrest/direct.conf";
inline constexpr std::string_view kClientsFile = "/etc/pgbackrest/conf.d/clients.conf";
inline constexpr std::string_view kServerUnit = "ingot-pgbackrest-server.service";
inline constexpr int kServerPort = 8432;

/// The stanza: the cluster's name.
std::string stanza(const NodeSpec& node);
bool has_repository(const NodeSpec& node);
/// Where this cluster's backups are in a repository: the path holds part of the cluster id, so that a new
/// cluster of the same name does not find the old one's.
std::string repository_path(const NodeSpec& node, const cloud_init::Repository& repository);
/// For people: "s3 s3.example.org/backups/pg/orders-123e4567", "backup host 10.0.0.41".
std::string repository_place(const NodeSpec& node, const cloud_init::Repository& repository);
/// PostgreSQL's archive_command: pgBackRest's, or one that keeps nothing where there is no repository.
std::string archive_command(const NodeSpec& node);

/// What a file of a repository's holds; only the services of user postgres may read it.
struct SecretFile {
    std::string path;
    std::string content;
    bool secret = true;
};
/// Keys and CAs that pgBackRest takes from files of their own.
std::vector<SecretFile> repository_files(const NodeSpec& node);

/// Where PostgreSQL is, on a db node.
struct Place {
    std::string data_directory;
    std::string socket_folder;
    int port = 5432;
    std::uint64_t disk_bytes = 0; ///< of the disk with the spool
};
/// Which repositories a file names; their numbers are the same in both.
enum class Scope { all, direct };
/// A db node's pgbackrest.conf or direct.conf. Holds secrets: not for others' eyes.
std::string render_config(const NodeSpec& node, const Place& place, Scope scope = Scope::all);
/// Is this one behind a backup host?
bool is_on_host(const cloud_init::Repository& repository);
/// A backup host's. invalid_input if none of the repositories is on this host.
Result<std::string> render_host_config(const NodeSpec& node);
/// Who may connect to the TLS server of this node.
std::string render_clients(const NodeSpec& node, std::vector<std::string> names);

} // namespace ingot::firstboot::backup
