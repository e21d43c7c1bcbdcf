#include "firstboot/db/backup_status.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "common/text/text.hpp"
#include "firstboot/coordination/etcd_settings.hpp"
#include "firstboot/db/backup_runner.hpp"
#include "firstboot/db/etcd_snapshots.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

namespace {

namespace fs = std::filesystem;

clock::WallTime changed_at(const fs::path& file) {
    std::error_code error;
    const auto time = fs::last_write_time(file, error);
    if (error) { return {}; }
    return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::file_clock::to_sys(time));
}

/// pgBackRest's asynchronous process leaves its complaint beside the segment: a code in the first line, then words.
std::string archive_error(const Database& database) {
    const auto folder =
        database.environment.root.at(text::format("/var/spool/pgbackrest/archive/{}/out", stanza(database.node)));
    const auto names = files::list(folder);
    if (!names) { return {}; }
    const auto file = std::ranges::find_if(*names, [](const auto& name) { return name.ends_with(".error"); });
    if (file == names->end()) { return {}; }
    const auto content = files::read(folder / *file);
    if (!content) { return {}; }
    const auto line_end = content->find('\n');
    return backup::explain_error(line_end == std::string::npos ? *content : content->substr(line_end + 1));
}

Result<std::optional<backup::RestoreTest>> published_test(const Database& database, EtcdSession& etcd) {
    INGOT_ASSIGN(const auto entry, etcd->get(restore_test_key(database)), "");
    if (!entry) { return std::optional<backup::RestoreTest>(); }
    INGOT_ASSIGN(auto test, backup::restore_test_from_json(entry->value), "");
    return std::optional(std::move(test));
}

/// What a person asked of this node is put down for all: whoever may does it.
Status relay(const Database& database, EtcdClient& etcd, std::string_view what, const std::string& key) {
    const auto file = database.environment.root.at(text::format("{}{}", kRequestFolder, what));
    INGOT_ASSIGN(const auto content, files::read_if_exists(file), "");
    if (!content) { return {}; }
    INGOT_TRY(etcd.put(key, *content), text::format("asking for a {}", what));
    std::error_code error;
    fs::remove(file, error);
    return error ? Status(fail_errno(error.value(), "removing " + file.string())) : Status();
}

} // namespace

Result<backup::WalView> observe_wal(const Database& database) {
    const auto wal = database.environment.root.at(data_directory(database.node) + "/pg_wal");
    backup::WalView view;
    std::error_code error;
    const auto space = fs::space(wal, error);
    if (error) { return fail_errno(error.value(), "asking how full " + wal.string() + " is"); }
    view.disk_bytes = space.capacity;
    view.free_bytes = space.available;
    INGOT_ASSIGN(const auto names, files::list(wal / "archive_status"), "looking for WAL that waits");
    for (const auto& name : names) {
        if (!name.ends_with(".ready")) { continue; }
        ++view.waiting;
        const auto since = changed_at(wal / "archive_status" / name);
        if (!view.oldest || since < *view.oldest) { view.oldest = since; }
    }
    if (view.waiting > 0) { view.error = archive_error(database); }
    return view;
}

Status watch_backups(const Database& database) {
    if (!has_repository(database.node)) { return {}; }
    const auto now = database.environment.clock.now();
    INGOT_ASSIGN(const auto wal, observe_wal(database), "");
    auto etcd = database.etcd();
    INGOT_TRY(relay(database, *etcd, "backup", backup_request_key(database)), "");
    INGOT_TRY(relay(database, *etcd, "restore-test", restore_test_key(database) + "-request"), "");
    // Without etcd the WAL is what there is to know.
    const auto report = published_report(database, etcd);
    const auto test = published_test(database, etcd);
    const auto snapshots = published_etcd_snapshots(database, etcd);
    json::Json status = {{"version", 1},
                         {"wal", to_json(wal, now)},
                         {"report", nullptr},
                         {"restore_test", nullptr},
                         {"etcd_snapshots", nullptr}};
    if (report && *report) { status["report"] = to_json(**report); }
    if (test && *test) { status["restore_test"] = to_json(**test); }
    if (snapshots) { status["etcd_snapshots"] = to_json(*snapshots); }
    INGOT_TRY(files::write(database.environment.root.at(backup::kStatusFile), json::to_text(status)), "");
    auto alarms = backup::wal_alarms(wal, now);
    if (report && test) {
        auto more = backup::backup_alarms(*report, *test, database.node.config.backup, now);
        std::ranges::move(more, std::back_inserter(alarms));
    }
    if (snapshots) {
        INGOT_ASSIGN(const auto settings, read_etcd_settings(database.environment.root), "");
        auto more = backup::snapshot_alarms(*snapshots, settings.repository_snapshots, now);
        std::ranges::move(more, std::back_inserter(alarms));
    }
    if (alarms.empty()) { return {}; }
    return fail(ErrorKind::transient, text::join(alarms, "; "));
}

std::string restore_test_key(const Database& database) {
    return ingot_key(database.node.config.cluster, "backup/restore-test");
}

} // namespace ingot::firstboot::db
