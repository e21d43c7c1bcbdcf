#include "firstboot/db/backup_runner.hpp"

#include <algorithm>

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;
using backup::Report;

constexpr auto kBackupLockTtl = 60s;
constexpr auto kLookAgain = 10min; ///< into repositories when nothing is due, so that what is published is not old
constexpr std::string_view kEnvironmentFile = "/run/ingot/backup.env";

std::string lock_key(const Database& database) { return ingot_key(database.node.config.cluster, "lock/backup"); }

std::vector<std::string> places(const Database& database) {
    std::vector<std::string> places;
    for (const auto& repository : database.node.config.backup.repositories) {
        places.push_back(backup::repository_place(database.node, repository));
    }
    return places;
}

/// A while after an attempt that failed, longer after several.
bool waits(const std::optional<backup::Failure>& failure, clock::WallTime now) {
    constexpr int kMost = 10;
    return failure && now >= failure->at && now - failure->at < std::min(failure->count, kMost) * 1min;
}

/// The last lines of what the unit said.
std::string last_words(const Database& database) {
    const auto output = database.environment.processes.run(
        {.argv = {"journalctl", "--unit", std::string(kBackupUnit), "--lines=40", "--output=cat", "--no-pager"},
         .timeout = 10s});
    if (!output) { return text::format("see journalctl -u {}", kBackupUnit); }
    const auto lines = text::lines(output->out);
    for (std::size_t index = lines.size(); index-- > 0;) {
        const auto at = lines[index].find("ERROR: ");
        if (at == std::string::npos) { continue; }
        return backup::explain_error(lines[index].substr(at + 7));
    }
    return text::format("see journalctl -u {}", kBackupUnit);
}

bool is_on_host(const Database& database, int number) {
    const auto& repositories = database.node.config.backup.repositories;
    const auto index = static_cast<std::size_t>(number - 1);
    return index < repositories.size() && backup::is_on_host(repositories[index]);
}

} // namespace

std::string to_json_line(const Job& job) {
    return json::to_line({{"repository", job.repository}, {"kind", backup::to_string(job.kind)}});
}

std::optional<Job> job_from_json(std::string_view text) {
    const auto value = json::parse(text);
    if (!value) { return std::nullopt; }
    const auto kind = backup::kind_from(json::string_at(*value, "kind").value_or(""));
    if (!kind) { return std::nullopt; }
    return Job{.repository = static_cast<int>(json::number_at(*value, "repository").value_or(1)), .kind = *kind};
}

std::optional<Job> next_job(const Report& report, const cloud_init::BackupConfig& config, std::string_view cluster_id,
                            const std::optional<Job>& request, clock::WallTime now,
                            const std::function<bool(const backup::RepositoryReport&)>& may) {
    const auto can = [&may](const backup::RepositoryReport& repository) {
        // 0 ok, 2 no valid backups; without a stanza (1, 3) the leader is at work, others do not answer.
        return (repository.status == 0 || repository.status == 2) && may(repository);
    };
    if (request) {
        const auto* const repository = report.find(request->repository);
        if (repository != nullptr && can(*repository)) { return request; }
    }
    for (const auto& repository : report.repositories) {
        if (!can(repository) || waits(repository.failure, now)) { continue; }
        const auto kind = due(config.schedule, cluster_id, repository.last(), now);
        if (kind) { return Job{.repository = repository.number, .kind = *kind}; }
    }
    return std::nullopt;
}

bool may_back_up(const std::vector<backup::Candidate>& candidates, std::string_view self, bool on_host,
                 int failures) {
    if (!on_host) { return backup::may_run(candidates, self, failures); }
    const auto own = std::ranges::find(candidates, self, &backup::Candidate::name);
    return own != candidates.end() && own->leads;
}

std::string render_backup_environment(const NodeSpec& node, const Job& job,
                                      const std::optional<std::string>& primary) {
    auto out = text::format("PGBACKREST_STANZA={}\nPGBACKREST_REPO={}\nPGBACKREST_TYPE={}\n", stanza(node),
                            job.repository, backup::to_string(job.kind));
    if (!primary) { return out; }
    const auto pki = [](std::string_view file) { return text::format("{}/{}", paths::kPki, file); };
    out += text::format("PGBACKREST_CONFIG={}\n", backup::kDirectConfigFile);
    return out + text::format("PGBACKREST_BACKUP_STANDBY=prefer\n"
                              "PGBACKREST_PG2_HOST={}\nPGBACKREST_PG2_HOST_TYPE=tls\nPGBACKREST_PG2_HOST_PORT={}\n"
                              "PGBACKREST_PG2_HOST_CA_FILE={}\nPGBACKREST_PG2_HOST_CERT_FILE={}\n"
                              "PGBACKREST_PG2_HOST_KEY_FILE={}\nPGBACKREST_PG2_PATH={}\nPGBACKREST_PG2_PORT={}\n"
                              "PGBACKREST_PG2_SOCKET_PATH={}\n",
                              *primary, backup::kServerPort, pki("ca-db.crt"), pki("node.crt"), pki("node.key"),
                              data_directory(node), kPostgresPort, kSocketFolder);
}

EtcdSession& BackupRunner::etcd(const Database& database) {
    if (!etcd_) { etcd_ = std::make_unique<EtcdSession>(database.etcd()); }
    return *etcd_;
}

Status BackupRunner::operator()(const Database& database) {
    if (!has_repository(database.node)) { return {}; }
    INGOT_ASSIGN(const auto state, database.environment.services.state(kBackupUnit), "");
    if (is_running(state)) {
        ran_ = true;
        return keep_lock(database);
    }
    if (ran_ || job_) { return finish(database, state); }
    return begin(database);
}

Status BackupRunner::keep_lock(const Database& database) {
    if (lock_) {
        auto renewed = lock_->renew();
        if (renewed) { return {}; }
        lock_.reset();
        return renewed;
    }
    // The agent was restarted, or etcd was away for too long.
    INGOT_ASSIGN(auto lock,
                 LeaseLock::acquire(*etcd(database), lock_key(database), database.node.name, kBackupLockTtl),
                 "taking the lock for the backup that runs here");
    lock_.emplace(std::move(lock));
    return {};
}

Report BackupRunner::look(const Database& database, const std::optional<Report>& before) {
    return backup::make_report(observe_repositories(database), places(database), before, database.node.name,
                               database.environment.clock.now());
}

Status BackupRunner::finish(const Database& database, const std::string& unit_state) {
    INGOT_ASSIGN(const auto before, published_report(database, etcd(database)), "");
    auto report = look(database, before);
    if (unit_state == "failed" && job_) {
        for (auto& repository : report.repositories) {
            if (repository.number != job_->repository) { continue; }
            const int count = repository.failure ? repository.failure->count + 1 : 1;
            repository.failure = backup::Failure{.kind = job_->kind,
                                                 .node = database.node.name,
                                                 .at = report.at,
                                                 .count = count,
                                                 .message = last_words(database)};
            log::warning(text::format("the {} backup into repository {} failed: {}", backup::to_string(job_->kind),
                                      repository.number, repository.failure->message));
        }
    } else if (job_) {
        log::info(text::format("the {} backup into repository {} is made", backup::to_string(job_->kind),
                               job_->repository));
    }
    INGOT_TRY(etcd(database)->put(backup_report_key(database), json::to_line(to_json(report))), "");
    ran_ = false;
    job_.reset();
    lock_.reset();
    return {};
}

Status BackupRunner::begin(const Database& database) {
    auto& session = etcd(database);
    const auto now = database.environment.clock.now();
    const auto& config = database.node.config;
    const auto request_key = backup_request_key(database);
    INGOT_ASSIGN(const auto before, published_report(database, session), "");
    INGOT_ASSIGN(const auto asked, session->get(request_key), "");
    const auto request = asked ? job_from_json(asked->value) : std::nullopt;
    const bool stale = !before || now - before->at > kLookAgain || now < before->at;
    const auto job_in = [&](const Report& report, const auto& may) {
        return next_job(report, config.backup, config.cluster_id, request, now, may);
    };
    const auto anything = [](const auto&) { return true; };
    const bool unsettled = before && std::ranges::any_of(before->repositories, [](const auto& repository) {
                               return repository.status != 0; // it may answer now
                           });
    const bool look_again = !before || stale || (unsettled && now - before->at > 5s);
    if (!look_again && !job_in(*before, anything)) { return {}; }
    INGOT_ASSIGN(const auto candidates, observe_candidates(database, session), "");
    const auto own_job = [&](const backup::RepositoryReport& repository) {
        return may_back_up(candidates, database.node.name, is_on_host(database, repository.number),
                           repository.failure ? repository.failure->count : 0);
    };
    // One node looks, the one that would make backups; several may have something to make.
    if (!(look_again && backup::may_run(candidates, database.node.name, 0)) &&
        !(before && job_in(*before, own_job))) {
        return {};
    }
    auto lock = LeaseLock::acquire(*session, lock_key(database), database.node.name, kBackupLockTtl);
    if (!lock) { return lock.error().kind == ErrorKind::transient ? Status() : Status(lock.error()); }
    // What is published may be old: the repositories know.
    const auto report = look(database, before);
    INGOT_TRY(session->put(backup_report_key(database), json::to_line(to_json(report))), "");
    const auto job = job_in(report, own_job);
    if (!job) { return {}; }
    INGOT_TRY(launch(database, *job, candidates), "");
    if (request == job) { INGOT_TRY(session->remove_if(request_key, asked->mod_revision), ""); }
    job_ = job;
    lock_.emplace(*std::move(lock));
    return {};
}

Status BackupRunner::launch(const Database& database, const Job& job,
                            const std::vector<backup::Candidate>& candidates) {
    const auto leader = std::ranges::find_if(candidates, &backup::Candidate::leads);
    if (leader == candidates.end()) { return fail(ErrorKind::transient, "a backup is due, but nobody leads"); }
    const bool away = leader->name != database.node.name;
    INGOT_TRY(files::write(database.environment.root.at(kEnvironmentFile),
                           render_backup_environment(database.node, job,
                                                     away ? std::optional(leader->address) : std::nullopt)),
              "");
    log::info(text::format("a {} backup into repository {} begins", backup::to_string(job.kind), job.repository));
    return database.environment.services.start(kBackupUnit);
}

std::string backup_report_key(const Database& database) {
    return ingot_key(database.node.config.cluster, "backup/report");
}

std::string backup_request_key(const Database& database) {
    return ingot_key(database.node.config.cluster, "backup/request");
}

Result<std::optional<Report>> published_report(const Database& database, EtcdSession& etcd) {
    INGOT_ASSIGN(const auto entry, etcd->get(backup_report_key(database)), "");
    if (!entry) { return std::optional<Report>(); }
    INGOT_ASSIGN(auto report, backup::report_from_json(entry->value), "");
    return std::optional(std::move(report));
}

Result<std::vector<backup::Candidate>> observe_candidates(const Database& database, EtcdSession& etcd) {
    const auto prefix = patroni_key(database.node.config.cluster, "");
    INGOT_ASSIGN(const auto listing, etcd->list(prefix), "reading Patroni's keys");
    std::vector<std::pair<std::string, std::string>> keys;
    for (const auto& entry : listing.entries) { keys.emplace_back(entry.key.substr(prefix.size()), entry.value); }
    return backup::candidates_from(keys);
}

} // namespace ingot::firstboot::db
