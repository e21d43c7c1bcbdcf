// A cluster on the operator's side: cluster.yaml (choices, kept in git) and secrets.yaml (kept out of it),
// and the user-data that follows from the two.
//
// User-data is the same for every node of a role, however often it is rendered: whatever is random (ids,
// keys, passwords and the salts of their verifiers) is drawn once, by init_cluster, and stands in secrets.yaml.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/access.hpp"
#include "common/clock/clock.hpp"
#include "common/crypto/crypto.hpp"
#include "common/result/result.hpp"

namespace ingot::cloud_init {

/// Which machines there are. Only the etcd founders have fixed names and addresses; `db` and `proxy` say how
/// many machines the lab boots, and nothing depends on the number.
struct Topology {
    std::map<std::string, std::string> etcd{}; ///< founder → address
    int db = 3;
    int proxy = 1;
};

/// PostgresConfig without secrets: users by name only.
struct ClusterPostgres {
    int version = 17;
    Synchronous synchronous = Synchronous::off;
    Failover failover = Failover::fast;
    std::map<std::string, std::string> parameters{};
    std::vector<std::string> hba{};
    std::vector<DatabaseConfig> databases{};
    std::vector<std::string> users{};
    std::optional<std::chrono::seconds> delayed{}; ///< never in cluster.yaml: one node's user-data has it
};

/// What cluster.yaml says.
struct Cluster {
    std::string name;
    std::string id;      ///< random UUID
    std::string network; ///< CIDR
    Topology topology{};
    std::vector<std::string> ssh_authorized_keys{};
    ClusterPostgres postgres{};
    BackupConfig backup{}; ///< secrets are never set here
    ProxyConfig proxy{};
    FirewallConfig firewall{};
    std::optional<RestoreConfig> restore{}; ///< without secrets, as standby_of
    std::optional<StandbyConfig> standby_of{};
};

/// An application user's password, and the verifier made of it (kept, because its salt is random).
struct UserSecret {
    crypto::Secret password;
    std::string verifier;
};

/// A CA, and what there is of it while it is replaced.
struct Authority {
    crypto::Identity current{};                ///< signs
    std::optional<crypto::Identity> next{};    ///< trusted already; signs after the next step
    std::optional<std::string> previous_pem{}; ///< a certificate that is still trusted
};

/// What a repository asks for, by its name in cluster.yaml.
struct RepositorySecret {
    crypto::Secret secret{};      ///< type s3
    crypto::Secret private_key{}; ///< type sftp
};

/// Of the cluster that restore: or standby_of: names: what its repositories ask for, and who may replicate.
struct SourceSecrets {
    crypto::Secret cipher_pass{};
    std::map<std::string, RepositorySecret> repositories{};
    std::string ca{}; ///< PEM: its db CA
    crypto::Identity credential{};
};

/// What secrets.yaml says.
struct Secrets {
    std::string id;     ///< of the cluster they belong to
    int generation = 1; ///< grows with each rotation
    std::map<Role, Authority> authorities{};
    std::map<Role, std::vector<RoleToken>> tokens{}; ///< of db and proxy; newest first, at most two
    std::map<std::string, UserSecret> users{};
    crypto::Secret cipher_pass{};
    std::optional<SourceSecrets> source{};
    std::map<std::string, RepositorySecret> repositories{};
};

/// What init_cluster has to know.
struct InitOptions {
    std::string name;
    std::string network = "10.0.0.0/24"; ///< founders get .11, .12 and .13 of it
    Synchronous synchronous = Synchronous::off;
    std::vector<std::string> ssh_authorized_keys{};
};

struct NewCluster;
/// Makes `made` a cluster that is restored from `source`, or a standby of it: same database version, users and
/// passwords; the repositories of the source to read from, and a path of its own to write to by its own id. A backup
/// host serves the machines of its own cluster: repositories there are left out.
Status restore_from(NewCluster& made, const NewCluster& source, RestoreTarget target);
/// `endpoints` may be empty: then changes come from the repository alone. The credential lives as long as the
/// source's db CA, and can do nothing in the source but replicate.
Status follow(NewCluster& made, const NewCluster& source, std::vector<SourceEndpoint> endpoints, clock::WallTime now);

struct NewCluster {
    Cluster cluster;
    Secrets secrets;
};

/// Makes a new cluster: three etcd founders, three db and one proxy machine, a database "app" owned by the
/// user "app", one posix repository /var/lib/pgbackrest. Draws all secrets. invalid_input for a bad name or network.
Result<NewCluster> init_cluster(const InitOptions& options, clock::WallTime now);

/// The user-data of `role`: a #cloud-config text that parse() accepts. `now` serves to refuse CAs that have
/// expired; the text does not depend on it. The text holds secrets.
Result<std::string> render_user_data(const Cluster& cluster, const Secrets& secrets, Role role, clock::WallTime now);

/// Draws the next token of a role; the one before stays accepted, older ones do not. Returns the new epoch.
/// invalid_input for etcd, which has none.
Result<int> rotate_token(Secrets& secrets, Role role);

/// Replacing a CA takes three steps, with time in between for every node to hear of each: the new one is trusted, the
/// new one signs, the old one is dropped.
enum class RotationPhase { bundle, switched, dropped };
/// Does the next step of replacing a role's CA.
Result<RotationPhase> rotate_authority(Secrets& secrets, Role role, std::string_view cluster, clock::WallTime now);
/// What a node of whatever role trusts: the bundle of a CA, the one that signs first.
std::string bundle_of(const Authority& authority);

/// A random password and its verifier, for a user added to a cluster later.
Result<UserSecret> draw_user_secret();

// ---- the two files ------------------------------------------------------------------------------

inline constexpr std::string_view kClusterFile = "cluster.yaml";
inline constexpr std::string_view kSecretsFile = "secrets.yaml";

/// Read strictly: invalid_input with every fault as its own "file:line:column: …" line.
Result<Cluster> parse_cluster(std::string_view text, std::string_view file);
Result<Secrets> parse_secrets(std::string_view text, std::string_view file);
/// The text of cluster.yaml, with comments for the person who edits it next.
std::string render_cluster(const Cluster& cluster);
/// The text of secrets.yaml.
crypto::Secret render_secrets(const Secrets& secrets);

/// read file + parse; errors name the file.
Result<Cluster> read_cluster(const std::filesystem::path& path);
Result<Secrets> read_secrets(const std::filesystem::path& path);
/// Writes cluster.yaml (0644) and secrets.yaml (0600) into `directory`, making it if needed. refused if
/// either file is there already: secrets, once drawn, are never replaced.
Status write_new_cluster(const std::filesystem::path& directory, const NewCluster& made);

} // namespace ingot::cloud_init
