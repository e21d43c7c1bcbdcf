// May PostgreSQL be started here, and has a bootstrap that was cut off to be cleared away: pure rules.
//
// SAFETY: never initialise over a past, never start a database whose history is unknown. The order:
//
//   files in the data directory
//     A  and no claim of this cluster and this instance                     → refuse: whose are they?
//     B  a system identifier, and etcd names another one                    → refuse: two clusters
//     C  no system identifier (not a database yet: a clone or an initdb was cut off)
//          the cluster has a leader, or this node never was a member of it  → discard, begin again
//          otherwise                                                        → refuse: it was one, and may be the last
//     D  etcd knows no system identifier
//          this node never was a member: initdb was cut off                 → set aside, begin again
//          otherwise: etcd was lost, the leader of the past is not known    → refuse
//     E  otherwise                                                          → start
//   no files
//     F  etcd names a system identifier                                     → start: a replica will be made
//     G  the repository has a stanza of this cluster, or etcd or the claim
//        remembers a database                                               → refuse: there was one
//     H  otherwise                                                          → start: the first one initialises
//
// "Member" means: Patroni reported it running here once, recorded in the claim. D is safe because etcd gets
// the system identifier from Patroni before the new cluster takes its first write, and the claim follows.
// Nobody asks while Patroni runs, but for when it cannot start PostgreSQL: what it does there is its own affair.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::firstboot::db {

/// What this node wrote down before PostgreSQL ran here for the first time: /var/lib/ingot/db.json.
struct Claim {
    std::string cluster_id;
    std::string instance_id;
    bool member = false; ///< PostgreSQL has run here as a member of the cluster
};
std::string to_json_text(const Claim& claim);
Result<Claim> claim_from_json(std::string_view text);

/// All that the decision depends on.
struct Past {
    std::string cluster_id;
    std::string instance_id;
    std::string data_directory;
    bool has_files = false;
    std::optional<std::string> system_id{}; ///< of pg_control, if there is one that can be read
    std::optional<Claim> claim{};
    std::optional<std::string> initialize{};   ///< Patroni's key in etcd; "" while somebody bootstraps
    bool has_leader = false;                   ///< another member than this one
    std::optional<std::string> provisioned{};  ///< system identifier in our own mark in etcd
    std::vector<std::string> repository_ids{}; ///< system identifiers of the stanza
    std::string repository{};                  ///< its path, for messages
};

struct Start {};
struct Discard {
    std::string reason;
};
struct SetAside {
    std::string reason;
};
struct Refuse {
    std::string reason;
};
using StartDecision = std::variant<Start, Discard, SetAside, Refuse>;

StartDecision decide_start(const Past& past);

/// What GET /patroni (or /primary, /health) says.
struct PatroniStatus {
    std::string state;               ///< "running", "creating replica", …
    std::string role;                ///< "primary", "replica", "standby_leader", "uninitialized"
    std::string replication_state{}; ///< "streaming", "in archive recovery", or empty
    std::string system_id{};
};
Result<PatroniStatus> patroni_status_from_json(std::string_view text);

/// True if this member serves: it runs, and if it is a replica it streams. Otherwise `waiting` says what for.
struct Readiness {
    bool ready = false;
    std::string waiting{};
};
Readiness judge(const PatroniStatus& status);

/// Patroni's keys, as far as a wedged bootstrap shows in them.
struct BootstrapView {
    std::optional<std::string> initialize{};
    std::int64_t initialize_revision = 0;
    bool has_leader = false;
    std::vector<std::string> member_states{};
    std::string leader{}; ///< its name
};

/// True if another member than `self` leads. A member's own key may outlive it by the rest of its lease, or be held
/// by its Patroni while PostgreSQL does not start: whoever led last has nobody to copy from.
bool another_leads(const BootstrapView& view, std::string_view self);

/// Whoever bootstraps writes an empty /initialize first; if its power is cut then, all others wait for ever.
/// The key may go when it has been empty and unchanged for `patience`, nobody leads, and every member that
/// has a key is idle. (A member's key ends with its lease, 20 s; while it bootstraps it says so in its state.)
bool is_abandoned(const BootstrapView& view, std::chrono::milliseconds unchanged_for);

} // namespace ingot::firstboot::db
