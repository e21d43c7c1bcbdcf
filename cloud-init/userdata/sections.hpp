// Readers of the sections that user-data and cluster.yaml have in common, so that both are held to the same rules.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/access.hpp"
#include "cloud-init/userdata/network.hpp"
#include "cloud-init/userdata/userdata.hpp"
#include "common/document/document.hpp"
#include "common/result/result.hpp"

namespace ingot::cloud_init {

/// Faults and warnings of one text.
struct Findings {
    Faults faults{};
    std::vector<std::string> warnings{};
    void warn(const Position& position, std::string_view message);
};

/// A fault about the value under `key`, at its place.
void fault_at(document::Fields& fields, std::string_view key, std::string_view message, std::string hint = {});
/// Keys of the design that this version does not have: a fault that says so.
void refuse_unsupported(document::Fields& fields, std::initializer_list<std::string_view> keys);

std::string read_cluster_name(document::Fields& fields, std::string_view key);
std::string read_uuid(document::Fields& fields, std::string_view key);
/// A private network: canonical, of a useful size.
std::optional<Network> read_network(document::Fields& fields, std::string_view key);
/// Name → address of 1, 3 or 5 founders, inside `network` if that is known.
std::map<std::string, std::string> read_founders(document::Fields& fields, std::string_view key,
                                                 const std::optional<Network>& network);
int read_postgres_version(document::Fields& fields);
Synchronous read_synchronous(document::Fields& fields);
std::string_view to_string(Synchronous synchronous);
std::optional<Synchronous> synchronous_from(std::string_view word);
Failover read_failover(document::Fields& fields);
std::string_view to_string(Failover failover);
/// Lines of pg_hba.conf.
std::vector<std::string> read_hba(document::Fields& fields);
/// Names of extensions, of one database.
std::vector<std::string> read_extensions(document::Fields& fields);
/// "30s", "10min", "1h", "2d".
std::optional<std::chrono::seconds> read_duration(document::Fields& fields, std::string_view key);
std::optional<std::chrono::seconds> duration_from(std::string_view text);
std::string duration_text(std::chrono::seconds duration);
std::map<std::string, std::string> read_parameters(document::Fields& fields);
/// True if `name` may be a role that user-data creates; a fault otherwise.
bool check_database_user(const Position& position, std::string_view where, const std::string& name,
                         std::set<std::string>& seen, Faults& faults);
/// Owners have to be among `users`.
std::vector<DatabaseConfig> read_databases(document::Fields& fields, const std::set<std::string>& users);
/// The backup section; `with_secrets` in user-data, where cipher_pass and the secrets of repositories stand.
BackupConfig read_backup(const document::Value* section, std::string where, bool with_secrets, Faults& faults);
/// Faults about backup hosts outside the private network, at the backup section of `fields`.
void check_backup_hosts(document::Fields& fields, const BackupConfig& backup, const std::optional<Network>& network);
/// As read_backup() reads it; nothing if there are no repositories.
void write_backup(document::Writer& writer, const BackupConfig& backup, bool with_secrets);
/// The networks under `clients` go to `firewall`.
ProxyConfig read_proxy(const document::Value* section, std::string where, const std::optional<Network>& network,
                       FirewallConfig& firewall, Faults& faults);
void read_firewall(const document::Value* section, std::string where, FirewallConfig& firewall, Faults& faults);
void write_firewall(document::Writer& writer, const FirewallConfig& firewall);
/// A list of networks, canonical.
std::vector<std::string> read_networks(document::Fields& fields, std::string_view key);
void write_networks(document::Writer& writer, std::string_view key, const std::vector<std::string>& networks);
/// {epoch, secret}; nothing after a fault.
std::optional<RoleToken> read_token(const document::Value& value, std::string where, Faults& faults);
/// A list of them, one or two, newest first.
std::vector<RoleToken> read_tokens(document::Fields& fields, std::string_view key);
void write_token(document::Writer& writer, const RoleToken& token);
std::vector<std::string> read_ssh_keys(document::Fields& fields, std::string_view key);

} // namespace ingot::cloud_init
