// The contract between the two programs: what user-data says, as validated values.
//
// `parse` is the one reader of user-data. `ingot check` calls it on a workstation and the agent calls
// it before it changes anything, so both say the same. A UserData exists only if there was no fault.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "cloud-init/parts/parts.hpp"
#include "cloud-init/userdata/backup.hpp"
#include "cloud-init/userdata/machine.hpp"
#include "cloud-init/userdata/source.hpp"
#include "common/crypto/crypto.hpp"
#include "common/result/result.hpp"

namespace ingot::cloud_init {

/// backup: a machine that keeps a repository and takes no part in anything else.
enum class Role { db, etcd, proxy, backup };
std::string_view to_string(Role role);
std::optional<Role> role_from(std::string_view text);
/// Whose CA signs the certificates of a role: backup hosts are clients and servers of db nodes only, so theirs is the
/// db CA, with an OU of their own. Every other role has its own.
Role authority_of(Role role);

// ---- ordinary cloud-config, as far as it is applied -------------------------------------------

struct User {
    std::string name;
    std::optional<std::string> gecos{};
    std::optional<std::string> shell{};
    std::optional<std::string> home{};
    std::optional<std::string> primary_group{};
    std::vector<std::string> groups{};
    std::vector<std::string> sudo{};
    std::optional<std::string> hashed_password{};
    bool lock_password = true;
    bool system = false;
    bool create_home = true;
    std::vector<std::string> ssh_authorized_keys{};
    std::optional<int> uid{};
    bool create_own_group = true;
    std::optional<std::string> expires{}; ///< YYYY-MM-DD
    std::optional<int> inactive_days{};
};

struct WriteFile {
    std::string path;
    std::string content; ///< decoded
    std::string owner = "root:root";
    std::uint32_t permissions = 0644;
    bool append = false;
    bool defer = false;
};

/// A line for /bin/sh, or an argument vector.
using RunCommand = std::variant<std::string, std::vector<std::string>>;

struct CloudConfig {
    std::optional<std::string> hostname{};
    std::optional<std::string> fqdn{};
    std::vector<std::string> ssh_authorized_keys{}; ///< for root, and for the users entry "default"
    std::vector<User> users{};
    std::vector<WriteFile> write_files{};
    std::vector<RunCommand> runcmd{};
    std::vector<RunCommand> bootcmd{}; ///< every boot, early
    MachineConfig machine{};
};

/// A part of the user-data that is a program.
struct Script {
    enum class When { per_instance, per_boot, per_once, boothook };
    When when = When::per_instance;
    std::string name;    ///< a file name; scripts run in the order of their names
    std::string content; ///< with its #! line
    bool vendor = false; ///< the provider's: before the user's
};

// ---- the ingot: section -------------------------------------------------------------------------

/// The three CAs. Certificates are in every role's user-data; a key only where `keys` says so.
struct Pki {
    std::string etcd_ca; ///< PEM
    std::string db_ca;
    std::string proxy_ca;
    /// CA keys by role. Until the join service exists a role's user-data holds that role's own key.
    std::map<Role, crypto::Secret> keys{};
};

struct EtcdConfig {
    /// Founders by name, sorted: the members that may form the cluster on day one.
    std::map<std::string, std::string> founders{}; ///< name → IPv4 or IPv6 address
};

/// off; on: while two machines are there, an acknowledged row is on two; strict: else writes wait; quorum: as on, but
/// whichever replica is the fastest (Patroni 4).
enum class Synchronous { off, on, strict, quorum };

/// How soon a leader that does not answer is replaced.
enum class Failover { fast, normal, wide };

struct DatabaseConfig {
    std::string name;
    std::optional<std::string> owner{};
    std::vector<std::string> extensions{};
};

struct DatabaseUser {
    std::string name;
    std::string password_verifier; ///< SCRAM-SHA-256$…
};

struct PostgresConfig {
    int version = 17;
    Synchronous synchronous = Synchronous::off;
    Failover failover = Failover::fast;
    std::map<std::string, std::string> parameters{};
    std::vector<std::string> hba{}; ///< lines of pg_hba.conf, after those that Ingot needs
    std::vector<DatabaseConfig> databases{};
    std::vector<DatabaseUser> users{};
    std::optional<std::chrono::seconds> delayed{}; ///< this node only: a replica that stays behind by that much
};

struct ProxyConfig {
    int primary_port = 5000;
    int replica_port = 5001;
    int pool_port = 6432;      ///< PgBouncer to the leader
    int read_pool_port = 6433; ///< PgBouncer to the replicas
    int max_client_connections = 2000;
    std::optional<int> pool_size{}; ///< default: computed
    /// An address that one of the proxies has, whichever is well: for networks without a load balancer.
    std::optional<std::string> virtual_address{};
};

/// What a node does whose disk holds data of its role that it wrote as another instance (firstboot/node/clone.hpp).
enum class OnClone { refuse, rejoin, renew };

struct IngotConfig {
    std::string cluster;    ///< name: [a-z][a-z0-9-]{0,30}
    std::string cluster_id; ///< random UUID made by `ingot cluster init`
    Role role = Role::db;
    OnClone on_clone = OnClone::refuse;
    std::string network; ///< CIDR of the private network
    EtcdConfig etcd{};
    Pki pki{};
    PostgresConfig postgres{};
    BackupConfig backup{};
    ProxyConfig proxy{};
    std::optional<RestoreConfig> restore{};
    std::optional<StandbyConfig> standby_of{};
};

struct UserData {
    CloudConfig cloud_config{};
    std::optional<IngotConfig> ingot{};
    std::vector<Script> scripts{};
    /// Keys that cloud-init knows and this version does not apply, as sentences with position.
    std::vector<std::string> warnings{};
};

/// Reads user-data in any of its forms (cloud-init/parts takes it apart). On failure invalid_input, with every fault
/// as its own "file:line:column: …" line. `file` names the text in messages.
Result<UserData> parse(std::string_view text, std::string_view file);

/// User-data with the provider's vendor-data below it, which never is a reason to fail: what cannot be read of it is
/// a warning. `fetch` reads what #include names; transient if that fails, and without it includes are left out.
struct Sources {
    std::string_view user_data;
    std::string_view vendor_data{};
    Fetch fetch{};
};
Result<UserData> parse_sources(const Sources& sources, std::string_view file);

/// DNS names of a cluster: "<cluster>.internal" and, under it, primary., replica., db., etcd., proxy.
std::string domain_of(std::string_view cluster);

} // namespace ingot::cloud_init
