#include "firstboot/db/observe.hpp"
#include "firstboot/coordination/endpoints.hpp"

#include <algorithm>
#include <filesystem>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::db {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kClaimFile = "/var/lib/ingot/db.json";
constexpr std::chrono::seconds kQuick{30};

/// The first folder on the way up that exists: the data directory's is made by initdb.
fs::path existing_part(fs::path path) {
    while (!files::exists(path) && path.has_relative_path()) { path = path.parent_path(); }
    return path;
}

/// Of the disk below the filesystem that holds `path`; a partition's disk is one folder up.
bool is_rotational(const files::Root& root, const fs::path& path) {
    struct stat status{};
    if (::stat(path.c_str(), &status) != 0) { return false; }
    const auto device = text::format("/sys/dev/block/{}:{}", major(status.st_dev), minor(status.st_dev));
    for (const auto* const queue : {"/queue/rotational", "/../queue/rotational"}) {
        const auto content = files::read_if_exists(root.at(device + queue));
        if (content && *content) { return text::trim(**content) == "1"; }
    }
    return false;
}

bool is_mount_point(const fs::path& path) {
    struct stat here{};
    struct stat above{};
    return ::stat(path.c_str(), &here) == 0 && ::stat(path.parent_path().c_str(), &above) == 0 &&
           here.st_dev != above.st_dev;
}

/// Of pg_control, if there is one that can be read.
Result<std::optional<std::string>> system_id_of(const Database& database) {
    constexpr std::string_view kLabel = "Database system identifier:";
    const auto directory = data_directory(database.node);
    if (!files::exists(database.environment.root.at(directory + "/global/pg_control"))) {
        return std::optional<std::string>();
    }
    // Not in a unit of its own, as everything else of PostgreSQL: "there is none" lets a directory be cleared away,
    // so it must not be what is heard when systemd has no time, or when this program may not read the file.
    INGOT_TRY(files::read(database.environment.root.at(directory + "/global/pg_control")), "");
    INGOT_ASSIGN(const auto output,
                 database.environment.processes.run(
                     {.argv = {bin_directory(database.node) + "/pg_controldata", "--pgdata=" + directory},
                      .directory = "/",
                      .timeout = kQuick}),
                 "reading pg_control");
    if (output.exit_code != 0) { return std::optional<std::string>(); }
    for (const auto& line : text::lines(output.out)) {
        if (!line.starts_with(kLabel)) { continue; }
        const auto id = std::string(text::trim(std::string_view(line).substr(kLabel.size())));
        if (!id.empty() && id != "0") { return std::optional(id); }
    }
    return std::optional<std::string>();
}

struct RestAnswer {
    int status = 0;
    PatroniStatus patroni{};
};

http::Request rest_request(const Database& database, std::string_view path, const std::string& address) {
    const bool ipv6 = address.find(':') != std::string::npos;
    const auto host = ipv6 ? text::format("[{}]", address) : address;
    return {.url = text::format("https://{}:{}{}", host, kRestPort, path),
            .tls = tls_for(database.environment.root, "db"),
            .timeout = std::chrono::seconds(5)};
}

http::Request rest_request(const Database& database, std::string_view path) {
    return rest_request(database, path, database.node.address);
}

Result<RestAnswer> ask_rest(const Database& database, std::string_view path) {
    const auto http = database.environment.make_http();
    INGOT_ASSIGN(const auto response, http->send(rest_request(database, path)), "asking Patroni");
    INGOT_ASSIGN(auto status, patroni_status_from_json(response.body), "");
    return RestAnswer{.status = response.status, .patroni = std::move(status)};
}

/// Sends an order; Patroni's own words when it refuses.
Status order(const Database& database, std::string method, std::string_view path, const json::Json& body) {
    constexpr int kGood = 300;
    auto request = rest_request(database, path);
    request.method = std::move(method);
    request.headers = {"Content-Type: application/json"};
    request.body = json::to_line(body);
    request.timeout = std::chrono::seconds(60);
    const auto http = database.environment.make_http();
    INGOT_ASSIGN(const auto response, http->send(request), "");
    if (response.status < kGood) { return {}; }
    return fail(ErrorKind::transient,
                text::format("Patroni says {}: {}", response.status, text::trim(response.body)));
}

/// A stanza in any repository is a witness. One that does not answer may be one: nobody knows, so nobody decides.
Status note_witness(const Database& database, std::vector<backup::RepositoryView> views, Past& past) {
    for (auto& view : views) {
        const auto index = static_cast<std::size_t>(view.number - 1);
        const auto& repository = database.node.config.backup.repositories.at(index);
        if (view.unreachable()) {
            return fail(ErrorKind::transient,
                        text::format("{}: {}", backup::repository_place(database.node, repository), view.message));
        }
        if (view.system_ids.empty()) { continue; }
        past.repository = backup::repository_place(database.node, repository);
        past.repository_ids = std::move(view.system_ids);
    }
    return {};
}

/// As etcd has them, or had them when it was last asked: patroni.yml has to be written also while it is away.
Result<std::optional<std::set<std::string>>> parameters_set_for_all(const Database& database) {
    const auto file = database.environment.root.at("/var/lib/ingot/db-settings.json");
    auto settings = observe_cluster_settings(database);
    if (settings && settings->is_object()) {
        INGOT_TRY(files::write_if_different(file, json::to_text(*settings)), "remembering the cluster's settings");
    } else if (!settings) {
        INGOT_ASSIGN(const auto remembered, files::read_if_exists(file), "");
        settings = json::parse(remembered.value_or(""));
    }
    if (!settings || !settings->is_object()) { return std::optional<std::set<std::string>>(); }
    std::set<std::string> names;
    for (const auto& [name, value] : json::member(*settings, "parameters").items()) { names.insert(name); }
    return std::optional(std::move(names));
}

} // namespace

Machine observe_machine(const Database& database) {
    const auto& root = database.environment.root;
    std::error_code error;
    const auto space = fs::space(existing_part(root.at(data_directory(database.node))), error);
    return {.memory_bytes = database.node.memory_bytes,
            .cpus = std::max(1U, database.node.cpus),
            .disk_bytes = error ? 0 : space.capacity,
            .has_watchdog = files::exists(root.at(kWatchdogMark)),
            .rotational = is_rotational(root, existing_part(root.at(data_directory(database.node)))),
            .wal_disk = is_mount_point(root.at(kWalMount)),
            .retiring = files::exists(root.at(kRetiredFile))};
}

Result<json::Json> observe_cluster_settings(const Database& database) {
    auto etcd = database.etcd();
    INGOT_ASSIGN(const auto mark, etcd->get(provisioned_key(database)), "reading the cluster's settings");
    if (!mark) { return json::Json(); }
    const auto record = json::parse(mark->value);
    return record ? json::member(*record, "settings") : json::Json();
}

Result<bool> write_patroni_config(const Database& database) {
    auto machine = observe_machine(database);
    INGOT_ASSIGN(machine.set_for_all, parameters_set_for_all(database), "");
    auto node = database.node;
    node.config.etcd.founders = known_members(database.environment.root, node.config.etcd.founders);
    return files::write_if_different(database.environment.root.at(kPatroniFile), render_patroni(node, machine),
                                     owned_by(database, 0640, "root", "postgres"));
}

Result<std::optional<Claim>> read_claim(const Database& database) {
    INGOT_ASSIGN(const auto content, files::read_if_exists(database.environment.root.at(kClaimFile)), "");
    if (!content) { return std::optional<Claim>(); }
    INGOT_ASSIGN(auto claim, claim_from_json(*content), std::string(kClaimFile));
    return std::optional(std::move(claim));
}

Status write_claim(const Database& database, const Claim& claim) {
    return files::write(database.environment.root.at(kClaimFile), to_json_text(claim), {.mode = 0600});
}

Result<Past> observe_past(const Database& database) {
    const auto& node = database.node;
    const auto directory = data_directory(node);
    Past past{.cluster_id = node.config.cluster_id, .instance_id = node.instance_id, .data_directory = directory};

    const auto names = files::list(database.environment.root.at(directory));
    if (!names && names.error().kind != ErrorKind::not_found) { return names.error(); }
    past.has_files = names && !names->empty();
    INGOT_ASSIGN(past.system_id, system_id_of(database), "");
    INGOT_ASSIGN(past.claim, read_claim(database), "");

    auto etcd = database.etcd();
    INGOT_ASSIGN(auto bootstrap, observe_bootstrap(database, etcd), "");
    const bool known = bootstrap.initialize && !bootstrap.initialize->empty();
    if (has_repository(node) && !past.has_files && !known) {
        INGOT_TRY(note_witness(database, observe_repositories(database), past), "looking for an earlier backup");
        INGOT_ASSIGN(bootstrap, observe_bootstrap(database, etcd), "");
    }
    past.initialize = bootstrap.initialize;
    past.has_leader = another_leads(bootstrap, node.name);
    INGOT_ASSIGN(const auto mark, etcd->get(provisioned_key(database)), "");
    if (mark) {
        const auto value = json::parse(mark->value);
        past.provisioned = value ? json::string_at(*value, "system_id").value_or("") : "";
    }
    return past;
}

Result<ClusterView> observe_cluster(const Database& database) {
    const auto http = database.environment.make_http();
    INGOT_ASSIGN(const auto response, http->send(rest_request(database, "/cluster")), "asking Patroni");
    return cluster_from_json(response.body);
}

Status patch_cluster(const Database& database, const json::Json& patch) {
    INGOT_TRY(order(database, "PATCH", "/config", patch), "changing the cluster's configuration");
    return {};
}

Result<PatroniStatus> ask_patroni_at(const Database& database, const std::string& address) {
    const auto http = database.environment.make_http();
    INGOT_ASSIGN(const auto response, http->send(rest_request(database, "/patroni", address)), "asking Patroni");
    return patroni_status_from_json(response.body);
}

Result<PatroniStatus> ask_patroni(const Database& database) {
    INGOT_ASSIGN(auto answer, ask_rest(database, "/patroni"), "");
    return std::move(answer.patroni);
}

Result<std::optional<PatroniStatus>> ask_whether_leader(const Database& database) {
    constexpr int kOk = 200;
    INGOT_ASSIGN(auto answer, ask_rest(database, "/primary"), "");
    if (answer.status != kOk) { return std::optional<PatroniStatus>(); }
    return std::optional(std::move(answer.patroni));
}

Result<BootstrapView> observe_bootstrap(const Database& database, EtcdSession& etcd) {
    const auto prefix = patroni_key(database.node.config.cluster, "");
    INGOT_ASSIGN(const auto listing, etcd->list(prefix), "reading Patroni's keys");
    BootstrapView view;
    for (const auto& entry : listing.entries) {
        const auto name = std::string_view(entry.key).substr(prefix.size());
        if (name == "initialize") {
            view.initialize = entry.value;
            view.initialize_revision = entry.mod_revision;
        } else if (name == "leader") {
            view.has_leader = true;
            view.leader = entry.value;
        } else if (name.starts_with("members/")) {
            const auto member = json::parse(entry.value);
            view.member_states.push_back(member ? json::string_at(*member, "state").value_or("") : "");
        }
    }
    return view;
}

backup::RepositoryView observe_repository(const Database& database, int number) {
    // Each by itself: pgBackRest tries one that does not answer for minutes, and the others would have to wait for
    // it.
    constexpr int kOtherError = 99;
    const backup::RepositoryView silent{.number = number, .status = kOtherError};
    const auto output =
        pgbackrest(database, {text::format("--repo={}", number), "--io-timeout=10", "info", "--output=json"}, kQuick);
    if (!output) {
        auto view = silent;
        view.message = backup::explain_error(output.error().message);
        return view;
    }
    const auto views = backup::repositories_from_json(output->out, stanza(database.node), number);
    if (!views) {
        auto view = silent;
        view.message = views.error().message;
        return view;
    }
    return views->back();
}

std::vector<backup::RepositoryView> observe_repositories(const Database& database) {
    std::vector<backup::RepositoryView> views;
    const auto count = static_cast<int>(database.node.config.backup.repositories.size());
    for (int number = 1; number <= count; ++number) { views.push_back(observe_repository(database, number)); }
    return views;
}

Result<std::vector<SourceBackup>> observe_source_backups(const Database& database) {
    const auto& stanza = source_of(database.node)->cluster;
    INGOT_ASSIGN(const auto output,
                 process::run_checked(database.environment.processes,
                                      as_postgres({"pgbackrest", text::format("--config={}", kSourceFile),
                                                   text::format("--stanza={}", stanza), "info", "--output=json"},
                                                  kQuick)),
                 "asking the repository of the source");
    return source_backups_from_json(output.out, stanza);
}

Result<std::optional<BackupState>> published_backup(const Database& database, EtcdSession& etcd) {
    INGOT_ASSIGN(const auto entry, etcd->get(backup_state_key(database)), "");
    if (!entry) { return std::optional<BackupState>(); }
    INGOT_ASSIGN(auto state, backup_state_from_json(entry->value), "");
    return std::optional(std::move(state));
}

std::string provisioned_key(const Database& database) {
    return ingot_key(database.node.config.cluster, "db/provisioned");
}

std::string backup_state_key(const Database& database) {
    return ingot_key(database.node.config.cluster, "backup/state");
}

} // namespace ingot::firstboot::db
