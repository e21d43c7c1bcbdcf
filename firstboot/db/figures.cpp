#include "firstboot/db/figures.hpp"

#include <algorithm>

#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/backup/report.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::db {

namespace {

using metrics::Families;
using metrics::Family;

Family single(std::string name, std::string help, double value) {
    return {.name = std::move(name), .help = std::move(help), .samples = {{.labels = {}, .value = value}}};
}

bool leads(std::string_view role) { return role == "primary" || role == "master" || role == "standby_leader"; }

void add_patroni(Families& families, const FiguresView& view) {
    const auto status = json::parse(view.patroni);
    if (!status || !status->is_object()) { return; }
    const auto role = json::string_at(*status, "role").value_or("");
    const bool leader = leads(role);
    families.push_back(single("ingot_db_leader", "1 on the member that leads.", leader ? 1 : 0));
    families.push_back(single("ingot_db_running", "1 while PostgreSQL runs.",
                              json::string_at(*status, "state") == "running" ? 1 : 0));
    if (const auto timeline = json::number_at(*status, "timeline")) {
        families.push_back(
            single("ingot_db_timeline", "The timeline this member is on.", static_cast<double>(*timeline)));
    }
    const auto& xlog = json::member(*status, "xlog");
    const auto replayed = json::number_at(xlog, "replayed_location");
    if (!leader && replayed && view.leader_lsn) {
        families.push_back(single("ingot_replication_lag_bytes", "WAL that this replica has still to replay.",
                                  static_cast<double>(std::max<std::int64_t>(0, *view.leader_lsn - *replayed))));
    }
    if (!leader) {
        families.push_back(single("ingot_replica_streaming", "1 while this replica streams from another member.",
                                  json::string_at(*status, "replication_state") == "streaming" ? 1 : 0));
        return;
    }
    const auto& replicas = json::member(*status, "replication");
    double streaming = 0;
    double synchronous = 0;
    for (const auto& replica : replicas) {
        if (json::string_at(replica, "state") != "streaming") { continue; }
        ++streaming;
        const auto kind = json::string_at(replica, "sync_state").value_or("");
        if (kind == "sync" || kind == "quorum") { ++synchronous; }
    }
    families.push_back(single("ingot_replicas_streaming", "Replicas that stream from this leader.", streaming));
    families.push_back(
        single("ingot_replicas_synchronous", "Replicas without which this leader commits nothing.", synchronous));
}

/// What firstboot/backup/report.hpp keeps on this node.
void add_backup(Families& families, const FiguresView& view) {
    const auto status = json::parse(view.backup);
    if (!status || !status->is_object()) { return; }
    Family newest{.name = "ingot_backup_time_seconds",
                  .help = "When the newest backup of each kind ended, in seconds since 1970.",
                  .samples = {}};
    Family failures{.name = "ingot_backup_failures",
                    .help = "Attempts at a backup that failed since the last that succeeded.",
                    .samples = {}};
    for (const auto& repository : json::member(json::member(*status, "report"), "repositories")) {
        const auto number = std::to_string(json::number_at(repository, "number").value_or(1));
        for (const auto* kind : {"full", "diff", "incr"}) {
            const auto stop = json::number_at(json::member(repository, kind), "stop");
            if (!stop) { continue; }
            newest.samples.push_back(
                {.labels = {{"repository", number}, {"kind", kind}}, .value = static_cast<double>(*stop)});
        }
        const auto count = json::number_at(json::member(repository, "failure"), "count").value_or(0);
        failures.samples.push_back({.labels = {{"repository", number}}, .value = static_cast<double>(count)});
    }
    families.push_back(std::move(newest));
    families.push_back(std::move(failures));
    const auto& test = json::member(*status, "restore_test");
    if (test.is_object()) {
        families.push_back(single("ingot_restore_test_time_seconds",
                                  "When the newest restore test was, in seconds since 1970.",
                                  static_cast<double>(json::number_at(test, "at").value_or(0))));
        families.push_back(single("ingot_restore_test_passed", "1 if the newest restore test was good.",
                                  json::flag_at(test, "passed") ? 1 : 0));
    }
    Family snapshots{.name = "ingot_etcd_snapshot_time_seconds",
                     .help = "When the newest snapshot of etcd was put into a repository, in seconds since 1970.",
                     .samples = {}};
    for (const auto& repository : json::member(json::member(*status, "etcd_snapshots"), "repositories")) {
        const auto at = json::number_at(repository, "at");
        if (!at) { continue; }
        const auto number = std::to_string(json::number_at(repository, "number").value_or(1));
        snapshots.samples.push_back({.labels = {{"repository", number}}, .value = static_cast<double>(*at)});
    }
    families.push_back(std::move(snapshots));
    const auto& wal = json::member(*status, "wal");
    if (const auto waiting = json::number_at(wal, "waiting_segments")) {
        families.push_back(single("ingot_wal_waiting_segments", "WAL segments on this node that wait to be archived.",
                                  static_cast<double>(*waiting)));
    }
}

} // namespace

Families figures_from(const FiguresView& view) {
    Families families;
    add_patroni(families, view);
    add_backup(families, view);
    if (view.room.disk_bytes > 0) {
        families.push_back(single("ingot_db_free_bytes",
                                  "Room on the disk of the database, or of its WAL if that is less.",
                                  static_cast<double>(view.room.free_bytes)));
        families.push_back(
            single("ingot_db_disk_bytes", "Size of that disk.", static_cast<double>(view.room.disk_bytes)));
    }
    return families;
}

std::string figures(const Database& database) {
    FiguresView view;
    const auto http = database.environment.make_http();
    const auto& address = database.node.address;
    const auto host = address.find(':') == std::string::npos ? address : "[" + address + "]";
    const auto answer = http->send({.url = text::format("https://{}:{}/patroni", host, kRestPort),
                                    .tls = tls_for(database.environment.root, "db"),
                                    .timeout = std::chrono::seconds(3)});
    if (answer) { view.patroni = answer->body; }
    auto etcd = database.etcd();
    const auto& cluster = database.node.config.cluster;
    if (const auto status = etcd->get(patroni_key(cluster, "status")); status && *status) {
        const auto value = json::parse((*status)->value);
        view.leader_lsn = value ? json::number_at(*value, "optime") : std::nullopt;
    }
    view.backup = files::read_if_exists(database.environment.root.at(backup::kStatusFile))
                      .value_or(std::optional<std::string>())
                      .value_or("");
    view.room = observe_room(database);
    return metrics::to_text(figures_from(view));
}

} // namespace ingot::firstboot::db
