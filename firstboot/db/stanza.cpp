#include "firstboot/db/stanza.hpp"

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/backup.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;

constexpr auto kLockTtl = 120s;     ///< longer than any one command under the lock
constexpr auto kCheckTimeout = 90s; ///< pgBackRest itself waits 60 s for the segment
constexpr auto kLookAgain = 60s;    ///< at what seems settled

Result<BackupSituation> observe_backup(const Database& database, EtcdSession& etcd, const std::string& system_id) {
    BackupSituation situation{.stanza = stanza(database.node), .system_id = system_id};
    INGOT_ASSIGN(situation.published, published_backup(database, etcd), "");
    situation.repositories = observe_repositories(database);
    return situation;
}

/// A power cut between the two files that stanza-create writes leaves a stanza that pgBackRest neither uses nor makes
/// again. Says what is in it and what a person can do. Nothing is removed here: WAL may arrive between a look and a
/// removal.
Status explain_half_a_stanza(const Database& database, const Error& reason) {
    const bool half = reason.message.find("archive.info exists but backup.info is missing") != std::string::npos ||
                      reason.message.find("backup.info exists but archive.info is missing") != std::string::npos;
    if (!half) { return reason; }
    const auto name = stanza(database.node);
    for (std::size_t number = 1; number <= database.node.config.backup.repositories.size(); ++number) {
        const auto repository = text::format("--repo={}", number);
        std::string found;
        for (const auto* folder : {"archive", "backup"}) {
            INGOT_ASSIGN(const auto listing,
                         pgbackrest(database,
                                    {repository, "repo-ls", "--recurse", text::format("{}/{}", folder, name)},
                                    kCheckTimeout),
                         "looking into a stanza that was cut off");
            found += listing.out;
        }
        bool info = false;
        bool other = false;
        for (const auto& line : text::lines(found)) {
            const bool is_info = line.starts_with("archive.info") || line.starts_with("backup.info");
            info = info || is_info;
            other = other || (!is_info && !text::trim(line).empty());
        }
        const bool whole =
            found.find("archive.info") != std::string::npos && found.find("backup.info") != std::string::npos;
        if (!info || whole) { continue; }
        if (other) {
            return fail(
                ErrorKind::refused,
                text::format("stanza {} in repository {} lost one of its two info files and holds WAL or backups; "
                             "nothing is removed: look at it, or give this cluster another repository path",
                             name, number));
        }
        return fail(
            ErrorKind::refused,
            text::format(
                "stanza {} in repository {} was cut off while it was made, and holds neither WAL nor backups. "
                "Nothing is removed by itself: on this node, as postgres, run pgbackrest --stanza={} stop; look "
                "again that it is empty (pgbackrest --repo={} repo-ls --recurse); then pgbackrest --stanza={} "
                "--repo={} stanza-delete --force; then pgbackrest --stanza={} start",
                name, number, name, number, name, number, name));
    }
    return reason;
}

Status create_stanza(const Database& database) {
    const auto created = pgbackrest(database, {"stanza-create"}, kCheckTimeout);
    if (!created) { INGOT_TRY(explain_half_a_stanza(database, created.error()), "creating the stanza"); }
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
                                            database.node.name, kLockTtl),
                         "");
            lock.emplace(std::move(taken));
            continue;
        }
        INGOT_TRY(lock->renew(), "");
        if (std::holds_alternative<CreateStanza>(step)) {
            INGOT_TRY(create_stanza(database), "");
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
