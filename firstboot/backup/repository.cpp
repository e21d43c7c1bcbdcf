#include "firstboot/backup/repository.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <ranges>
#include <utility>

#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/backup/times.hpp"

namespace ingot::firstboot::backup {

namespace {

using json::Json;

constexpr std::array<std::pair<Kind, std::string_view>, 3> kKinds = {
    {{Kind::full, "full"}, {Kind::diff, "diff"}, {Kind::incr, "incr"}}};

void add_system_id(const Json& database, std::vector<std::pair<std::int64_t, std::string>>& found) {
    if (const auto system = json::unsigned_at(database, "system-id")) {
        found.emplace_back(json::number_at(database, "id").value_or(0), std::to_string(*system));
    }
}

std::optional<Record> record_from(const Json& backup) {
    const auto kind = kind_from(json::string_at(backup, "type").value_or(""));
    if (!kind || json::flag_at(backup, "error")) { return std::nullopt; }
    const auto& times = json::member(backup, "timestamp");
    const auto& info = json::member(backup, "info");
    return Record{.label = json::string_at(backup, "label").value_or(""),
                  .kind = *kind,
                  .start = time_at(times, "start"),
                  .stop = time_at(times, "stop"),
                  .database_bytes = json::unsigned_at(info, "size").value_or(0),
                  .repository_bytes = json::unsigned_at(json::member(info, "repository"), "delta").value_or(0)};
}

/// Calls `use` for the entries of a list that belong to a repository. Without a number they are of the only one.
template <typename Use>
void each_of(const Json& list, int number, bool in_database, const Use& use) {
    if (!list.is_array()) { return; }
    for (const auto& entry : list) {
        const auto& place = in_database ? json::member(entry, "database") : entry;
        if (json::number_at(place, "repo-key").value_or(1) == number) { use(entry); }
    }
}

void read_stanza(const Json& stanza, RepositoryView& view) {
    const Json* status = &json::member(stanza, "status");
    if (const auto& list = json::member(stanza, "repo"); list.is_array()) {
        for (const auto& entry : list) {
            if (json::number_at(entry, "key") == view.number) { status = &json::member(entry, "status"); }
        }
    }
    view.status = static_cast<int>(json::number_at(*status, "code").value_or(0));
    view.message = explain_error(json::string_at(*status, "message").value_or(""));
    std::vector<std::pair<std::int64_t, std::string>> systems;
    each_of(json::member(stanza, "db"), view.number, false,
            [&](const Json& database) { add_system_id(database, systems); });
    std::ranges::sort(systems);
    for (auto& [number, id] : systems) { view.system_ids.push_back(std::move(id)); }
    each_of(json::member(stanza, "backup"), view.number, true, [&](const Json& backup) {
        if (auto record = record_from(backup)) { view.backups.push_back(*std::move(record)); }
    });
    std::ranges::stable_sort(view.backups, {}, &Record::stop);
    each_of(json::member(stanza, "archive"), view.number, true, [&](const Json& archive) {
        view.newest_wal = std::max(view.newest_wal, json::string_at(archive, "max").value_or(""));
    });
}

} // namespace

std::string_view to_string(Kind kind) {
    return std::ranges::find(kKinds, kind, &std::pair<Kind, std::string_view>::first)->second;
}

std::optional<Kind> kind_from(std::string_view text) {
    const auto* const known = std::ranges::find(kKinds, text, &std::pair<Kind, std::string_view>::second);
    return known == kKinds.end() ? std::nullopt : std::optional(known->first);
}

bool RepositoryView::turns_away() const {
    return unreachable() && message.find("access denied") != std::string::npos; // pgBackRest's code is 99 for all
}

const Record* RepositoryView::newest_of(Kind kind) const {
    for (const auto& record : std::ranges::reverse_view(backups)) {
        if (record.kind == kind) { return &record; }
    }
    return nullptr;
}

Result<std::vector<RepositoryView>> repositories_from_json(std::string_view text, std::string_view stanza,
                                                           int count) {
    const auto stanzas = json::parse(text);
    if (!stanzas || !stanzas->is_array()) {
        return fail(ErrorKind::tool_failed, "pgBackRest's info is not a list in JSON");
    }
    std::vector<RepositoryView> views;
    for (int number = 1; number <= count; ++number) {
        RepositoryView view{.number = number, .message = "missing stanza path"};
        for (const auto& entry : *stanzas) {
            if (json::string_at(entry, "name") == stanza) { read_stanza(entry, view); }
        }
        views.push_back(std::move(view));
    }
    return views;
}

std::string explain_error(std::string_view message) {
    std::string line;
    for (const auto& part : text::lines(message)) {
        const auto trimmed = text::trim(part);
        if (trimmed.starts_with("*** ")) { break; } // a whole HTTP exchange follows
        if (trimmed.empty() || trimmed.starts_with("HINT:")) { continue; }
        line += (line.empty() ? "" : " ") + std::string(trimmed);
    }
    constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kAdvice = {{
        {"SignatureDoesNotMatch", "the S3 secret is not the one of this key: look at repositories in secrets.yaml"},
        {"InvalidAccessKeyId", "the S3 service does not know this key"},
        {"AccessDenied", "the S3 service does not let this key use the bucket"},
        {"NoSuchBucket", "there is no such bucket: make it first, Ingot does not"},
        {"RequestTimeTooSkewed", "this machine's clock is wrong"},
        {"unable to verify certificate",
         "the certificate of the repository is not of a CA that this node trusts; see ca"},
        {"host key", "the ssh server does not show the host key that host_key names"},
        {"403 (Forbidden)", "the S3 service refuses this key: it is another one's, or its secret is wrong"},
        {"public key authentication failed", "the ssh server does not take private_key for this user"},
        {"HostConnectError", "it cannot be reached"},
        {"CryptoError", "the repository was written with another cipher_pass, or with none"},
    }};
    for (const auto& [sign, advice] : kAdvice) {
        if (message.find(sign) != std::string_view::npos) { return text::format("{} ({})", advice, line); }
    }
    return line;
}

} // namespace ingot::firstboot::backup
