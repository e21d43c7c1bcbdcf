// The duty about restore tests: when, where, and what came of it.
#include <algorithm>

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/backup_runner.hpp"
#include "firstboot/db/backup_status.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/db/restore_test.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;

constexpr auto kRestoreLockTtl = 60s;
constexpr std::string_view kPlanFile = "/run/ingot/restore-test.json";
constexpr std::string_view kResultFile = "/run/ingot-restore-test/result.json";

/// The newest backup of all, in the repository where it is.
std::optional<RestorePlan> plan_for(const Database& database, const backup::Report& report) {
    const backup::RepositoryReport* best = nullptr;
    for (const auto& repository : report.repositories) {
        if (repository.status != 0 || repository.newest() == nullptr) { continue; }
        if (best == nullptr || best->newest()->stop < repository.newest()->stop) { best = &repository; }
    }
    if (best == nullptr) { return std::nullopt; }
    return RestorePlan{.node = database.node.name,
                       .stanza = stanza(database.node),
                       .repository = best->number,
                       .label = best->newest()->label,
                       .bytes = best->newest()->database_bytes,
                       .bin = bin_directory(database.node),
                       .processes = std::max(1U, database.node.cpus / 4)};
}

/// Since when there has been something to test that was not.
std::optional<clock::WallTime> untested_since(const std::optional<backup::RestoreTest>& test,
                                              const backup::Report& report) {
    if (test) { return test->at; }
    std::optional<clock::WallTime> oldest;
    for (const auto& repository : report.repositories) {
        if (repository.full && (!oldest || repository.full->stop < *oldest)) { oldest = repository.full->stop; }
    }
    return oldest;
}

} // namespace

EtcdSession& RestoreTestRunner::etcd(const Database& database) {
    if (!etcd_) { etcd_ = std::make_unique<EtcdSession>(database.etcd()); }
    return *etcd_;
}

Status RestoreTestRunner::operator()(const Database& database) {
    INGOT_ASSIGN(const auto state, database.environment.services.state(kRestoreTestUnit), "");
    if (is_running(state)) {
        ran_ = true;
        if (!lock_) { return {}; } // the agent was restarted: at worst a second node tests as well
        auto renewed = lock_->renew();
        if (!renewed) { lock_.reset(); }
        return renewed;
    }
    if (ran_) { return publish(database, state); }
    return begin(database);
}

Status RestoreTestRunner::publish(const Database& database, const std::string& unit_state) {
    const auto now = database.environment.clock.now();
    backup::RestoreTest result{.at = now, .node = database.node.name};
    const auto text = files::read(database.environment.root.at(kResultFile));
    auto read = text ? backup::restore_test_from_json(*text) : Result<backup::RestoreTest>(text.error());
    if (read && unit_state != "failed") {
        result = *std::move(read);
    } else {
        result.message =
            text::format("the unit ended without a result ({}); journalctl -u {}", unit_state, kRestoreTestUnit);
    }
    INGOT_TRY(etcd(database)->put(restore_test_key(database), json::to_line(to_json(result))), "");
    if (result.passed) {
        log::info(text::format("restore test of {}: passed in {} s: {}", result.label, result.duration.count(),
                               result.message));
    } else {
        log::error(text::format("restore test of {} FAILED: {}", result.label, result.message));
    }
    ran_ = false;
    lock_.reset();
    return {};
}

Status RestoreTestRunner::begin(const Database& database) {
    auto& session = etcd(database);
    const auto& config = database.node.config;
    INGOT_ASSIGN(const auto report, published_report(database, session), "");
    if (!report) { return {}; }
    INGOT_ASSIGN(const auto request, session->get(restore_test_key(database) + "-request"), "");
    INGOT_ASSIGN(const auto last, session->get(restore_test_key(database)), "");
    std::optional<backup::RestoreTest> test;
    if (last) { INGOT_ASSIGN(test, backup::restore_test_from_json(last->value), ""); }
    const auto now = database.environment.clock.now();
    const bool due =
        backup::restore_test_due(config.backup.restore_test, config.cluster_id, untested_since(test, *report), now);
    if (!due && !request) { return {}; }
    const auto plan = plan_for(database, *report);
    if (!plan) { return {}; }
    INGOT_ASSIGN(const auto candidates, observe_candidates(database, session), "");
    if (!backup::may_run(candidates, database.node.name, 0)) { return {}; }
    auto lock = LeaseLock::acquire(*session, ingot_key(config.cluster, "lock/restore-test"), database.node.name,
                                   kRestoreLockTtl);
    if (!lock) { return lock.error().kind == ErrorKind::transient ? Status() : Status(lock.error()); }
    INGOT_ASSIGN(const auto again, session->get(restore_test_key(database)), "");
    const bool meanwhile = again && (!last || again->mod_revision != last->mod_revision);
    if (meanwhile) { return {}; }
    INGOT_TRY(files::write(database.environment.root.at(kPlanFile), to_json_text(*plan)), "");
    if (request) {
        INGOT_TRY(session->remove_if(restore_test_key(database) + "-request", request->mod_revision), "");
    }
    log::info(text::format("a restore test of {} begins", plan->label));
    INGOT_TRY(database.environment.services.start(kRestoreTestUnit), "starting a restore test");
    ran_ = true;
    lock_.emplace(*std::move(lock));
    return {};
}

} // namespace ingot::firstboot::db
