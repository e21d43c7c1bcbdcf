#include "firstboot/db/etcd_snapshots.hpp"

#include <chrono>

#include "common/files/files.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/cluster_client.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/coordination/etcd_settings.hpp"
#include "firstboot/coordination/snapshot.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::db {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto kSnapshotLockTtl = 60s;
constexpr auto kCopyWithin = 10min;
constexpr std::string_view kScratchFolder = "/var/lib/ingot/etcd-snapshot";

process::Command pgbackrest_for(const SnapshotRepository& repository, std::vector<std::string> words) {
    std::vector<std::string> argv = {"pgbackrest", text::format("--stanza={}", repository.stanza),
                                     text::format("--repo={}", repository.number)};
    argv.insert(argv.end(), std::make_move_iterator(words.begin()), std::make_move_iterator(words.end()));
    return as_postgres(std::move(argv), kCopyWithin);
}

/// The command with a file as its input ("<") or output (">"), opened by root. Not by a pipe: it would end with this
/// process, and what reads from it would take that for the end of the data.
process::Command redirected(process::Command command, char direction, const fs::path& file) {
    std::vector<std::string> argv = {"sh", "-c", text::format("umask 077; exec \"$@\" {}\"$0\"", direction), file};
    argv.insert(argv.end(), command.argv.begin(), command.argv.end());
    command.argv = std::move(argv);
    return command;
}

/// A folder for as long as it is needed. What an earlier run left there is removed.
class ScratchFolder {
  public:
    explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;
    ScratchFolder(ScratchFolder&&) = delete;
    ScratchFolder& operator=(ScratchFolder&&) = delete;
    ~ScratchFolder() { static_cast<void>(files::remove_tree(path_)); }

    Status make() const {
        INGOT_TRY(files::remove_tree(path_), "");
        return files::make_directory(path_, {.mode = 0700});
    }
    [[nodiscard]] fs::path at(std::string_view name) const { return path_ / name; }
    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

/// From the first member that serves.
Status take_snapshot(const Database& database, const fs::path& file) {
    std::vector<std::string> reasons;
    for (const auto& endpoint : etcd_endpoints(database.environment.root, database.node.config.etcd.founders)) {
        ClusterSession member(database.environment.make_http(), {endpoint},
                              tls_for(database.environment.root, "etcd"));
        const auto status = member->status();
        if (!status || status->leader == 0 || status->learner) {
            reasons.push_back(text::format(
                "{}: {}", endpoint, status ? "is no voter of a cluster with a leader" : status.error().to_string()));
            continue;
        }
        const auto saved = save_snapshot(member, file);
        if (saved) { return {}; }
        reasons.push_back(text::format("{}: {}", endpoint, saved.error().to_string()));
    }
    return fail(ErrorKind::transient,
                text::format("no member of etcd gives a snapshot: {}", text::join(reasons, "; ")));
}

/// Counts only when it was read back.
Status put(const Database& database, const SnapshotRepository& repository, const std::string& place,
           const ScratchFolder& scratch) {
    auto& processes = database.environment.processes;
    INGOT_TRY(process::run_checked(processes,
                                   redirected(pgbackrest_for(repository, {"repo-put", backup::snapshot_path(place)}),
                                              '<', scratch.at("new.db"))),
              "putting it there");
    INGOT_TRY(fetch_etcd_snapshot(processes, repository, place, scratch.path(), scratch.at("back.db")),
              "reading it back");
    return {};
}

/// What is put into each repository.
struct Taken {
    clock::WallTime at{};
    std::int64_t period = 0;
    std::uint64_t bytes = 0;
};

/// One repository: the place of the hour, and the one of the day if it has none of today.
void serve(const Database& database, const Taken& taken, const ScratchFolder& scratch,
           backup::SnapshotRecord& record) {
    const auto now = taken.at;
    const int number = record.number;
    const SnapshotRepository repository{
        .stanza = stanza(database.node), .number = number, .cipher_pass = database.node.config.backup.cipher_pass};
    const auto place = backup::hourly_place(taken.period);
    auto done = put(database, repository, place, scratch);
    const auto day = backup::day_of(now);
    const bool first_of_day = done && record.day != day;
    if (first_of_day) { done = put(database, repository, backup::daily_place(now), scratch); }
    if (!done) {
        const int count = record.failure ? record.failure->count + 1 : 1;
        record.failure = backup::SnapshotFailure{.node = database.node.name,
                                                 .at = now,
                                                 .count = count,
                                                 .message = backup::explain_error(done.error().to_string())};
        return;
    }
    record = {.number = number, .at = now, .place = place, .bytes = taken.bytes, .day = day};
}

} // namespace

Result<std::vector<backup::StoredSnapshot>> list_etcd_snapshots(process::Processes& processes,
                                                                const SnapshotRepository& repository) {
    INGOT_ASSIGN(const auto output,
                 process::run_checked(processes, pgbackrest_for(repository, {"repo-ls", "--output=json",
                                                                             std::string(backup::kEtcdFolder)})),
                 text::format("looking into repository {}", repository.number));
    return backup::stored_snapshots_from_json(output.out);
}

Status fetch_etcd_snapshot(process::Processes& processes, const SnapshotRepository& repository,
                           std::string_view place, const fs::path& scratch, const fs::path& file) {
    const auto raw = repository.cipher_pass ? scratch / "raw" : file;
    INGOT_TRY(process::run_checked(processes, redirected(pgbackrest_for(repository, {"repo-get", "--raw",
                                                                                     backup::snapshot_path(place)}),
                                                         '>', raw)),
              text::format("getting {} out of repository {}", place, repository.number));
    if (repository.cipher_pass) {
        INGOT_TRY(process::run_checked(processes, {.argv = {"openssl", "enc", "-d", "-aes-256-cbc", "-md", "sha1",
                                                            "-in", raw, "-out", file, "-pass", "stdin"},
                                                   .input = std::string(repository.cipher_pass->reveal()) + "\n",
                                                   .timeout = kCopyWithin}),
                  text::format("decrypting {} of repository {}", place, repository.number));
        INGOT_TRY(files::remove_file(raw), "");
    }
    return check_snapshot(file);
}

Result<backup::SnapshotReport> published_etcd_snapshots(const Database& database, EtcdSession& etcd) {
    INGOT_ASSIGN(const auto entry, etcd->get(backup::snapshot_report_key(database.node.config.cluster)), "");
    if (!entry) { return backup::SnapshotReport(); }
    return backup::snapshot_report_from_json(entry->value);
}

Status EtcdSnapshots::operator()(const Database& database) {
    const auto& config = database.node.config;
    INGOT_ASSIGN(const auto settings, read_etcd_settings(database.environment.root), "");
    const auto every = settings.repository_snapshots;
    const auto now = database.environment.clock.now();
    const auto due = [&](const backup::SnapshotReport& report) {
        return backup::repositories_due(report, static_cast<int>(config.backup.repositories.size()), every,
                                        config.cluster_id, now);
    };
    auto etcd = database.etcd();
    INGOT_ASSIGN(auto report, published_etcd_snapshots(database, etcd), "");
    words_ = text::format("in repository {}", backup::snapshot_summary(report));
    if (due(report).empty()) { return {}; }
    INGOT_ASSIGN(const auto leader, ask_whether_leader(database), "");
    if (!leader) { return {}; }
    auto lock = LeaseLock::acquire(*etcd, ingot_key(config.cluster, "lock/etcd-snapshot"), database.node.name,
                                   kSnapshotLockTtl);
    if (!lock) { return lock.error().kind == ErrorKind::transient ? Status() : Status(lock.error()); }
    // Another one may have been at work.
    INGOT_ASSIGN(report, published_etcd_snapshots(database, etcd), "");
    const auto numbers = due(report);
    if (numbers.empty()) { return {}; }
    const ScratchFolder scratch(database.environment.root.at(kScratchFolder));
    INGOT_TRY(scratch.make(), "");
    INGOT_TRY(take_snapshot(database, scratch.at("new.db")), "");
    std::error_code error;
    const auto bytes = fs::file_size(scratch.at("new.db"), error);
    const Taken taken{
        .at = now, .period = backup::period_of(now, every, config.cluster_id), .bytes = error ? 0 : bytes};
    for (const int number : numbers) {
        auto& record = report.of(number);
        serve(database, taken, scratch, record);
        if (record.failure) {
            log::warning(text::format("no snapshot of etcd in repository {}: {}", number, record.failure->message));
        } else {
            log::info(text::format("a snapshot of etcd is in repository {}: {}", number, record.place));
        }
        INGOT_TRY(etcd->put(backup::snapshot_report_key(config.cluster), json::to_line(to_json(report))), "");
        // What takes long outlives the lock: then the next leader may put the same into the same place.
        static_cast<void>(lock->renew());
    }
    return {};
}

} // namespace ingot::firstboot::db
