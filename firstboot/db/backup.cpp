#include "firstboot/db/backup.hpp"

#include <algorithm>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::db {

namespace {

using json::Json;

std::vector<std::string> system_ids_from(const Json& databases) {
    std::vector<std::pair<std::int64_t, std::string>> found;
    if (!databases.is_array()) { return {}; }
    for (const auto& database : databases) {
        if (const auto system = json::unsigned_at(database, "system-id")) {
            found.emplace_back(json::number_at(database, "id").value_or(0), std::to_string(*system));
        }
    }
    std::ranges::sort(found);
    std::vector<std::string> ids;
    ids.reserve(found.size());
    for (auto& [number, id] : found) { ids.push_back(std::move(id)); }
    return ids;
}

std::optional<std::string> newest_full(const Json& backups) {
    std::optional<std::string> label;
    if (!backups.is_array()) { return label; }
    for (const auto& backup : backups) { // oldest first
        if (json::string_at(backup, "type") == "full" && !json::flag_at(backup, "error")) {
            label = json::string_at(backup, "label");
        }
    }
    return label;
}

} // namespace

Result<RepositoryView> repository_from_json(std::string_view text, std::string_view stanza) {
    const auto stanzas = json::parse(text);
    if (!stanzas || !stanzas->is_array()) {
        return fail(ErrorKind::tool_failed, "pgBackRest's info is not a list in JSON");
    }
    RepositoryView view{.status = 1, .message = "missing stanza path"};
    for (const auto& entry : *stanzas) {
        if (json::string_at(entry, "name") != stanza) { continue; }
        const auto& status = json::member(entry, "status");
        view.status = static_cast<int>(json::number_at(status, "code").value_or(0));
        view.message = json::string_at(status, "message").value_or("");
        view.system_ids = system_ids_from(json::member(entry, "db"));
        view.full_backup = newest_full(json::member(entry, "backup"));
    }
    return view;
}

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
    const auto& repository = situation.repository;
    if (!repository.system_ids.empty() && repository.system_ids.back() != situation.system_id) {
        return ForeignStanza{text::format(
            "stanza {} in the repository belongs to the database with system identifier {}, this one is {}; "
            "it is left as it is: give this cluster another repository path",
            situation.stanza, repository.system_ids.back(), situation.system_id)};
    }
    if (repository.system_ids.empty()) { return CreateStanza{}; }
    // What was published about another database (a cluster restored into the same etcd) does not count.
    const auto published = situation.published && situation.published->system_id == situation.system_id
                               ? situation.published
                               : std::nullopt;
    if (!published || !published->checked) { return CheckStanza{}; }
    if (!repository.full_backup) {
        const bool runs = situation.unit_state == "active" || situation.unit_state == "activating" ||
                          situation.unit_state == "deactivating";
        if (runs) { return AwaitBackup{}; }
        return StartBackup{};
    }
    if (published->first_full.empty()) {
        auto state = *published;
        state.first_full = *repository.full_backup;
        return Publish{std::move(state)};
    }
    return Settled{};
}

} // namespace ingot::firstboot::db
