// The stanza and the first full backup: what the leader does next, as a pure rule.
//
// archive_command is live from the first moment; PostgreSQL keeps its WAL until the stanza exists. The
// leader's agent, holding a lock in etcd, looks at the repository each time and takes the one next step:
//
//     the stanza is another database's          → refuse, touch nothing: never upgrade, never delete
//     there is no stanza                        → stanza-create
//     it was not checked since it was made      → check (switches a WAL segment and waits for it to arrive)
//     there is no full backup                   → back up; wait if that is under way
//     all is there, but etcd does not say so    → publish
//
// What is done is read from the repository, not remembered: whoever leads next goes on from there.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::firstboot::db {

/// What `pgbackrest info --output=json` says of one stanza.
struct RepositoryView {
    std::vector<std::string> system_ids{};    ///< of the stanza's databases, the current one last
    std::optional<std::string> full_backup{}; ///< label of the newest full backup without errors
    int status = 0; ///< pgBackRest's code: 0 ok, 1 missing stanza path, 2 no valid backups, 3 missing data, …
    std::string message{};
};
/// A stanza that is not there is a view without system ids.
Result<RepositoryView> repository_from_json(std::string_view text, std::string_view stanza);

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
    RepositoryView repository{};
    std::optional<BackupState> published{};
    std::string unit_state{}; ///< of the unit that runs full backups, in systemd's words
};

struct CreateStanza {};
struct CheckStanza {};
struct StartBackup {};
struct AwaitBackup {};
struct Publish {
    BackupState state;
};
struct Settled {};
struct ForeignStanza {
    std::string reason;
};
using BackupStep = std::variant<Settled, CreateStanza, CheckStanza, StartBackup, AwaitBackup, Publish, ForeignStanza>;

BackupStep next_step(const BackupSituation& situation);

} // namespace ingot::firstboot::db
