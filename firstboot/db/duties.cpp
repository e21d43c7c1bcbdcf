#include "firstboot/db/duties.hpp"

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/provisioning.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;

constexpr auto kLockTtl = 120s;     ///< longer than any one command under the lock
constexpr auto kCheckTimeout = 90s; ///< pgBackRest itself waits 60 s for the segment
constexpr auto kLookAgain = 60s;    ///< at what seems settled, and at a backup that failed

Result<BackupSituation> observe_backup(const Database& database, EtcdSession& etcd, const std::string& system_id) {
    BackupSituation situation{.stanza = stanza(database.node), .system_id = system_id};
    INGOT_ASSIGN(situation.published, published_backup(database, etcd), "");
    INGOT_ASSIGN(situation.repository, observe_repository(database), "");
    INGOT_ASSIGN(situation.unit_state, database.environment.services.state(kBackupUnit), "");
    return situation;
}

Status publish(const Database& database, EtcdSession& etcd, const BackupState& state) {
    return etcd->put(backup_state_key(database), to_json_line(state));
}

bool runs(std::string_view unit_state) { return unit_state == "active" || unit_state == "activating"; }

} // namespace

Status Provisioning::operator()(const Database& database) {
    if (done_) { return {}; }
    INGOT_ASSIGN(const auto leader, ask_whether_leader(database), "");
    if (!leader) { return {}; }
    auto etcd = database.etcd();
    INGOT_ASSIGN(const auto mark, etcd->get(provisioned_key(database)), "");
    if (mark) {
        const auto value = json::parse(mark->value);
        if (value && json::string_at(*value, "system_id") == leader->system_id) {
            done_ = true;
            return {};
        }
    }
    INGOT_TRY(provision(database, leader->system_id), "");
    done_ = true;
    return {};
}

Status BackupWatch::operator()(const Database& database) {
    const auto now = database.environment.clock.monotonic();
    if (!has_repository(database.node) || (settled_ && now - *settled_ < kLookAgain)) { return {}; }
    INGOT_ASSIGN(const auto leader, ask_whether_leader(database), "");
    if (!leader || leader->system_id.empty()) { return {}; }
    return act(database, leader->system_id);
}

Status BackupWatch::act(const Database& database, const std::string& system_id) {
    auto etcd = database.etcd();
    std::optional<LeaseLock> lock;
    for (;;) {
        INGOT_ASSIGN(auto situation, observe_backup(database, etcd, system_id), "");
        const auto step = next_step(situation);
        if (std::holds_alternative<Settled>(step)) {
            settled_ = database.environment.clock.monotonic();
            return {};
        }
        if (std::holds_alternative<AwaitBackup>(step)) { return {}; }
        if (const auto* const foreign = std::get_if<ForeignStanza>(&step)) {
            return fail(ErrorKind::refused, foreign->reason);
        }
        if (!lock) { // and look again: another one may have been at work
            INGOT_ASSIGN(auto taken,
                         LeaseLock::acquire(*etcd, ingot_key(database.node.config.cluster, "lock/backup"),
                                            database.node.name, kLockTtl),
                         "");
            lock.emplace(std::move(taken));
            continue;
        }
        INGOT_TRY(lock->renew(), "");
        if (std::holds_alternative<StartBackup>(step)) { return start_backup(database, situation.unit_state); }
        if (std::holds_alternative<CreateStanza>(step)) {
            INGOT_TRY(pgbackrest(database, {"stanza-create"}, kCheckTimeout), "creating the stanza");
            log::info(text::format("stanza {} is created", situation.stanza));
        } else if (std::holds_alternative<CheckStanza>(step)) {
            INGOT_TRY(pgbackrest(database, {"check"}, kCheckTimeout), "checking the stanza");
            INGOT_TRY(publish(database, etcd,
                              {.stanza = situation.stanza,
                               .system_id = system_id,
                               .checked = true,
                               .first_full = situation.repository.full_backup.value_or("")}),
                      "");
            log::info(text::format("stanza {} is checked: WAL arrives in the repository", situation.stanza));
        } else if (const auto* const done = std::get_if<Publish>(&step)) {
            INGOT_TRY(publish(database, etcd, done->state), "");
            log::info(text::format("first full backup is there: {}", done->state.first_full));
        }
    }
}

Status BackupWatch::start_backup(const Database& database, const std::string& unit_state) {
    const auto now = database.environment.clock.monotonic();
    const bool failed = unit_state == "failed";
    if (!failed || !started_ || now - *started_ >= kLookAgain) {
        // A unit of its own: it goes on when the agent is restarted, and says by its state how it ended.
        INGOT_TRY(database.environment.services.start(kBackupUnit), "starting the first full backup");
        started_ = now;
    }
    if (!failed) { return {}; }
    return fail(ErrorKind::transient,
                text::format("the full backup failed and is tried again each minute; journalctl -u {}", kBackupUnit));
}

Status BootstrapJanitor::operator()(const Database& database) {
    auto etcd = database.etcd();
    INGOT_ASSIGN(const auto view, observe_bootstrap(database, etcd), "");
    const auto now = database.environment.clock.monotonic();
    if (view.initialize_revision != revision_) {
        revision_ = view.initialize_revision;
        since_ = now;
    }
    if (!is_abandoned(view, std::chrono::duration_cast<std::chrono::milliseconds>(now - since_))) { return {}; }
    INGOT_ASSIGN(const bool removed,
                 etcd->remove_if(patroni_key(database.node.config.cluster, "initialize"), view.initialize_revision),
                 "freeing a bootstrap that was cut off");
    if (removed) { log::warning("a bootstrap was cut off before it made a database; another one may begin"); }
    return {};
}

Status CertificateWatch::operator()(const Database& database) {
    const auto path = database.environment.root.at(text::format("{}/node.crt", paths::kPki));
    INGOT_ASSIGN(auto present, files::read(path), "");
    if (present == loaded_) { return {}; }
    INGOT_TRY(database.environment.services.reload(kPatroniUnit), "making Patroni read the certificate again");
    // Patroni reloads PostgreSQL only for changed settings, and these are the same files.
    INGOT_TRY(run_sql(database, "SELECT pg_reload_conf();\n"), "making PostgreSQL read the certificate again");
    loaded_ = std::move(present);
    return {};
}

Status check_service(const Database& database) {
    if (files::exists(database.environment.root.at(kRetiredFile))) { return {}; } // `ingot-agent retire` is at work
    INGOT_ASSIGN(const auto state, database.environment.services.state(kPatroniUnit), "");
    if (!runs(state) && state != "reloading" && state != "deactivating") {
        INGOT_TRY(database.environment.services.start(kPatroniUnit), "starting Patroni again");
        return fail(ErrorKind::transient, text::format("Patroni was {}; it is started again", state));
    }
    INGOT_ASSIGN(const auto status, ask_patroni(database), "");
    const auto readiness = judge(status);
    if (!readiness.ready) { return fail(ErrorKind::transient, readiness.waiting); }
    return {};
}

} // namespace ingot::firstboot::db
