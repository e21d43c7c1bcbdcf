#include "firstboot/db/stanza.hpp"

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/backup.hpp"
#include "firstboot/db/backup_runner.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/db/stanza_repair.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;

constexpr auto kStanzaLockTtl = 120s; ///< longer than any one command under the lock
constexpr auto kCheckTimeout = 90s;   ///< pgBackRest itself waits 60 s for the segment
constexpr auto kLookAgain = 60s;      ///< at what seems settled

Result<BackupSituation> observe_backup(const Database& database, EtcdSession& etcd, const std::string& system_id) {
    BackupSituation situation{.stanza = stanza(database.node), .system_id = system_id};
    INGOT_ASSIGN(situation.published, published_backup(database, etcd), "");
    situation.repositories = observe_repositories(database);
    return situation;
}

Status create_stanza(const Database& database, LeaseLock& lock) {
    auto created = pgbackrest(database, {"stanza-create"}, kCheckTimeout);
    if (!created && is_cut_off(created.error().message)) {
        INGOT_TRY(complete_stanza(database, lock), "completing the stanza");
        created = pgbackrest(database, {"stanza-create"}, kCheckTimeout); // holds both files against the database
    }
    INGOT_TRY(std::move(created), "creating the stanza");
    return {};
}

} // namespace

Status StanzaWatch::operator()(const Database& database) {
    const auto now = database.environment.clock.monotonic();
    if (!has_repository(database.node) || (settled_ && now - *settled_ < kLookAgain)) { return {}; }
    INGOT_ASSIGN(const auto leader, ask_whether_leader(database), "");
    if (!leader || leader->system_id.empty()) { return {}; }
    return act(database, leader->system_id);
}

Status StanzaWatch::act(const Database& database, const std::string& system_id) {
    auto etcd = database.etcd();
    const auto publish = [&](const BackupState& state) {
        return etcd->put(backup_state_key(database), to_json_line(state));
    };
    std::optional<LeaseLock> lock;
    for (;;) {
        INGOT_ASSIGN(auto situation, observe_backup(database, etcd, system_id), "");
        const auto step = next_step(situation);
        if (std::holds_alternative<Settled>(step)) {
            // Without a full backup one is under way; it is published as soon as it is there.
            const bool complete = situation.published && !situation.published->first_full.empty();
            if (complete) { settled_ = database.environment.clock.monotonic(); }
            return {};
        }
        if (const auto* const foreign = std::get_if<ForeignStanza>(&step)) {
            return fail(ErrorKind::refused, foreign->reason);
        }
        if (const auto* const silent = std::get_if<AwaitRepository>(&step)) {
            return fail(ErrorKind::transient, silent->reason);
        }
        if (!lock) { // and look again: another one may have been at work
            INGOT_ASSIGN(auto taken,
                         LeaseLock::acquire(*etcd, ingot_key(database.node.config.cluster, "lock/stanza"),
                                            database.node.name, kStanzaLockTtl),
                         "");
            lock.emplace(std::move(taken));
            continue;
        }
        INGOT_TRY(lock->renew(), "");
        if (std::holds_alternative<CreateStanza>(step)) {
            INGOT_TRY(create_stanza(database, *lock), "");
            // What was last seen of the repositories is no longer so: the next look makes the first backup.
            INGOT_TRY(etcd->remove(backup_report_key(database)), "");
            log::info(text::format("stanza {} is created", situation.stanza));
        } else if (std::holds_alternative<CheckStanza>(step)) {
            INGOT_TRY(pgbackrest(database, {"check"}, kCheckTimeout), "checking the stanza");
            INGOT_TRY(publish({.stanza = situation.stanza, .system_id = system_id, .checked = true}), "");
            log::info(text::format("stanza {} is checked: WAL arrives in the repository", situation.stanza));
        } else if (const auto* const done = std::get_if<Publish>(&step)) {
            INGOT_TRY(publish(done->state), "");
            log::info(text::format("first full backup is there: {}", done->state.first_full));
        }
    }
}

} // namespace ingot::firstboot::db
