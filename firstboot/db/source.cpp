#include "firstboot/db/source.hpp"

#include <algorithm>

#include "common/clock/clock.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

namespace {

using cloud_init::RestoreTarget;

constexpr std::string_view kHostsMark = "# ingot: the source of this standby";

std::string program(const NodeSpec& node) {
    return text::format("pgbackrest --config={} --stanza={}", kSourceFile, source_of(node)->cluster);
}

/// pgBackRest takes neither the T nor the Z of a time.
std::string as_pgbackrest_reads_it(const RestoreTarget& target) {
    if (target.kind != RestoreTarget::Kind::time) { return target.value; }
    return text::replace_all(text::replace_all(target.value, "T", " "), "Z", "+00");
}

/// "2026-11-28 01:02:03.5+01" → seconds since 1970, as far as that can be read.
std::optional<std::int64_t> seconds_of(std::string_view time) {
    constexpr std::size_t kDateTime = 19;
    if (time.size() <= kDateTime) { return std::nullopt; }
    const auto number = [time](std::size_t at, std::size_t length) {
        return static_cast<int>(text::to_number(time.substr(at, length)).value_or(0));
    };
    const std::chrono::year_month_day day{std::chrono::year(number(0, 4)),
                                          std::chrono::month(static_cast<unsigned>(number(5, 2))),
                                          std::chrono::day(static_cast<unsigned>(number(8, 2)))};
    if (!day.ok()) { return std::nullopt; }
    const auto local = std::chrono::sys_days(day).time_since_epoch() + std::chrono::hours(number(11, 2)) +
                       std::chrono::minutes(number(14, 2)) + std::chrono::seconds(number(17, 2));
    const auto zone = time.find_first_of("+-Z", kDateTime);
    if (zone == std::string_view::npos) { return std::nullopt; }
    std::chrono::seconds offset{};
    if (time[zone] != 'Z') {
        const auto digits = text::replace_all(std::string(time.substr(zone + 1)), ":", "");
        offset = std::chrono::hours(text::to_number(digits.substr(0, 2)).value_or(0));
        if (digits.size() > 2) { offset += std::chrono::minutes(text::to_number(digits.substr(2)).value_or(0)); }
        if (time[zone] == '-') { offset = -offset; }
    }
    return std::chrono::duration_cast<std::chrono::seconds>(local).count() - offset.count();
}

std::string utc(std::int64_t seconds) { return clock::to_rfc3339(clock::WallTime(std::chrono::seconds(seconds))); }

/// Own repositories have files of the same numbers.
std::string of_source(std::string text) {
    return text::replace_all(std::move(text), "/etc/pgbackrest/repo", "/etc/pgbackrest/source-repo");
}

} // namespace

const cloud_init::SourceCluster* source_of(const NodeSpec& node) {
    if (node.config.restore) { return &node.config.restore->source; }
    return node.config.standby_of ? &node.config.standby_of->source : nullptr;
}

bool reads_source_repository(const NodeSpec& node) {
    const auto* const source = source_of(node);
    return source != nullptr && !source->backup.repositories.empty();
}

bool streams_from_source(const NodeSpec& node) {
    return node.config.standby_of && !node.config.standby_of->endpoints.empty();
}

NodeSpec in_source(const NodeSpec& node) {
    const auto& source = *source_of(node);
    auto there = node;
    there.config.cluster = source.cluster;
    there.config.cluster_id = source.cluster_id;
    there.config.backup = source.backup;
    return there;
}

std::vector<backup::SecretFile> source_files(const NodeSpec& node) {
    auto files = backup::repository_files(in_source(node));
    for (auto& file : files) { file.path = of_source(std::move(file.path)); }
    return files;
}

std::string render_source(const NodeSpec& node, const Machine& machine) {
    // Both clusters may have the same name, and what is fetched ahead is kept by that name.
    return of_source(
        text::replace_all(render_pgbackrest(in_source(node), machine), "archive-async=y", "archive-async=n"));
}

std::string restore_bootstrap_command(const NodeSpec& node, const Machine& machine) {
    const auto& restore = *node.config.restore;
    auto command = program(node);
    if (machine.wal_disk) { command += text::format(" --link-map=pg_wal={}", wal_directory(node)); }
    if (restore.set) { command += text::format(" --set={}", *restore.set); }
    if (restore.target.kind != RestoreTarget::Kind::newest) {
        command += text::format(" --type={} \"--target={}\" --target-action=promote", to_string(restore.target.kind),
                                as_pgbackrest_reads_it(restore.target));
    }
    return command + " restore";
}

std::string standby_restore_command(const NodeSpec& node) {
    return program(node) + " --delta --type=standby restore";
}

std::string source_archive_get(const NodeSpec& node) {
    // See timeline.hpp for what the first half keeps away.
    return text::format("ingot-agent may-restore %f \"%p\" && {} archive-get %f \"%p\"", program(node));
}

std::string source_host(const NodeSpec& node) {
    return text::format("primary.{}", cloud_init::domain_of(source_of(node)->cluster));
}

std::string with_source_hosts(std::string_view hosts, const NodeSpec& node) {
    std::string out;
    for (const auto& line : text::lines(hosts)) {
        if (!line.ends_with(kHostsMark)) { out += line + "\n"; }
    }
    if (streams_from_source(node)) {
        for (const auto& endpoint : node.config.standby_of->endpoints) {
            out += text::format("{} {} {}\n", endpoint.address, source_host(node), kHostsMark);
        }
    }
    return out;
}

Result<std::vector<SourceBackup>> source_backups_from_json(std::string_view text, std::string_view stanza) {
    const auto stanzas = json::parse(text);
    if (!stanzas || !stanzas->is_array()) {
        return fail(ErrorKind::tool_failed, "pgBackRest's info is not a list in JSON");
    }
    std::vector<SourceBackup> backups;
    for (const auto& entry : *stanzas) {
        if (json::string_at(entry, "name") != stanza) { continue; }
        for (const auto& backup : json::member(entry, "backup")) {
            if (json::flag_at(backup, "error")) { continue; }
            backups.push_back({.label = json::string_at(backup, "label").value_or(""),
                               .stopped = json::number_at(json::member(backup, "timestamp"), "stop").value_or(0)});
        }
    }
    return backups;
}

Status check_restore(const cloud_init::RestoreConfig& restore, const std::vector<SourceBackup>& backups) {
    const auto& source = restore.source;
    const auto& path = source.backup.repositories.front().path;
    if (backups.empty()) {
        return fail(ErrorKind::transient,
                    text::format("there is no backup of cluster {} with id {} in {}; looking again", source.cluster,
                                 source.cluster_id, path));
    }
    if (restore.set && std::ranges::find(backups, *restore.set, &SourceBackup::label) == backups.end()) {
        return fail(ErrorKind::refused,
                    text::format("there is no backup {} of cluster {} in {}; there are {} to {}", *restore.set,
                                 source.cluster, path, backups.front().label, backups.back().label));
    }
    if (restore.target.kind != RestoreTarget::Kind::time) { return {}; }
    const auto wanted = seconds_of(restore.target.value);
    if (wanted && *wanted < backups.front().stopped) {
        return fail(ErrorKind::refused,
                    text::format("the oldest backup of cluster {} in {} ends at {}: it cannot be restored to {}, "
                                 "which is earlier",
                                 source.cluster, path, utc(backups.front().stopped), restore.target.value));
    }
    return {};
}

} // namespace ingot::firstboot::db
