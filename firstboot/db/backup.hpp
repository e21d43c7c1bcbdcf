// The stanza: what the leader does next, as a pure rule.
//
// archive_command is live from the first moment; PostgreSQL keeps its WAL until the stanza exists. The
// leader's agent, holding a lock in etcd, looks at the repositories each time and takes the one next step:
//
//     the stanza is another database's          → refuse, touch nothing: never upgrade, never delete
//     there is no stanza in one that answers    → stanza-create
//     it was not checked since it was made      → check (switches a WAL segment and waits for it to arrive)
//     there is a full backup, and etcd does
//       not say so                              → publish
//     one does not answer                       → say so, look again
//
// What is done is read from the repositories, not remembered: whoever leads next goes on from there. Backups
// themselves are the schedule's affair (firstboot/backup/schedule.hpp), the first one included.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result/result.hpp"
#include "firstboot/backup/repository.hpp"

namespace ingot::firstboot::db {

/// What the leader publishes under /ingot/<cluster>/backup/state.
struct BackupState {
    std::string stanza;
    std::string system_id;
    bool checked = false;
    std::string first_full{}; ///< label; empty until there is one
    friend bool operator==(const BackupState&, const BackupState&) = default;
};
std::string to_json_line(const BackupState& state);
Result<BackupState> backup_state_from_json(std::string_view text);

struct BackupSituation {
    std::string stanza;
    std::string system_id; ///< of the own database
    std::vector<backup::RepositoryView> repositories{};
    std::optional<BackupState> published{};
};

struct CreateStanza {};
struct CheckStanza {};
struct Publish {
    BackupState state;
};
struct Settled {};
struct ForeignStanza {
    std::string reason;
};
struct AwaitRepository {
    std::string reason;
};
using BackupStep = std::variant<Settled, CreateStanza, CheckStanza, Publish, ForeignStanza, AwaitRepository>;

BackupStep next_step(const BackupSituation& situation);

} // namespace ingot::firstboot::db
