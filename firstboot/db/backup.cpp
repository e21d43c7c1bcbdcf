#include "firstboot/db/backup.hpp"

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::db {

namespace {

using backup::RepositoryView;

/// Label of the newest full backup of the first repository that has one.
std::optional<std::string> full_backup(const std::vector<RepositoryView>& repositories) {
    for (const auto& repository : repositories) {
        const auto* const full = repository.newest_of(backup::Kind::full);
        if (full != nullptr) { return full->label; }
    }
    return std::nullopt;
}

} // namespace

std::string to_json_line(const BackupState& state) {
    return json::to_line({{"version", 1},
                          {"stanza", state.stanza},
                          {"system_id", state.system_id},
                          {"checked", state.checked},
                          {"first_full", state.first_full}});
}

Result<BackupState> backup_state_from_json(std::string_view text) {
    const auto value = json::parse(text);
    if (!value) { return fail(ErrorKind::tool_failed, "the published state of backups is not JSON"); }
    return BackupState{.stanza = json::string_at(*value, "stanza").value_or(""),
                       .system_id = json::string_at(*value, "system_id").value_or(""),
                       .checked = json::flag_at(*value, "checked"),
                       .first_full = json::string_at(*value, "first_full").value_or("")};
}

BackupStep next_step(const BackupSituation& situation) {
    const RepositoryView* silent = nullptr;
    bool missing = false;
    for (const auto& repository : situation.repositories) {
        if (repository.unreachable()) {
            silent = &repository;
            continue;
        }
        if (repository.system_ids.empty()) {
            missing = true;
        } else if (repository.system_ids.back() != situation.system_id) {
            return ForeignStanza{text::format(
                "stanza {} in repository {} belongs to the database with system identifier {}, this one is {}; "
                "it is left as it is: give this cluster another repository path",
                situation.stanza, repository.number, repository.system_ids.back(), situation.system_id)};
        }
    }
    if (missing) { return CreateStanza{}; }
    // What was published about another database (a cluster restored into the same etcd) does not count.
    const auto published = situation.published && situation.published->system_id == situation.system_id
                               ? situation.published
                               : std::nullopt;
    if (silent == nullptr && (!published || !published->checked)) { return CheckStanza{}; }
    const auto full = full_backup(situation.repositories);
    if (published && published->first_full.empty() && full) {
        auto state = *published;
        state.first_full = *full;
        return Publish{std::move(state)};
    }
    if (silent != nullptr) {
        return AwaitRepository{
            text::format("repository {} does not answer as it should: {}", silent->number, silent->message)};
    }
    return Settled{};
}

} // namespace ingot::firstboot::db
