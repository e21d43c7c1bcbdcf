#include "firstboot/db/retire.hpp"

#include <thread>

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/switchover.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr auto kLook = 1s;

class Retirement {
  public:
    Retirement(const Database& database, const RetireOptions& options)
        : database_(database), options_(options), deadline_(Clock::now() + options.patience) {}

    /// Until this node is a replica that the rest can do without.
    Status become_dispensable() {
        const RetireWish wish{.self = database_.node.name,
                              .synchronous =
                                  database_.node.config.postgres.synchronous != cloud_init::Synchronous::off,
                              .leave_no_replica = options_.leave_no_replica};
        std::string told;
        for (;;) {
            const auto cluster = observe_cluster(database_);
            const auto step =
                cluster ? decide_retire(*cluster, wish) : RetireStep(WaitFor{cluster.error().to_string()});
            if (std::holds_alternative<Leave>(step)) { return {}; }
            if (const auto* const refusal = std::get_if<RefuseToRetire>(&step)) {
                return fail(ErrorKind::refused, refusal->reason);
            }
            std::string reason;
            if (const auto* const wait = std::get_if<WaitFor>(&step)) {
                reason = wait->reason;
            } else if (auto done = let_lead(std::get<SwitchOver>(step).candidate); !done) {
                reason = done.error().to_string();
            }
            if (Clock::now() >= deadline_) { return fail(ErrorKind::transient, reason); }
            if (!reason.empty() && reason != told) { say("waiting: " + reason); }
            told = std::move(reason);
            std::this_thread::sleep_for(kLook);
        }
    }

    /// Away from the proxies' reads and from what Patroni may do with it. Written down first: the agent and the next
    /// boot leave it at that.
    Status step_aside() {
        const auto& root = database_.environment.root;
        INGOT_TRY(files::write(root.at(kRetiredFile),
                               json::to_text({{"version", 1},
                                              {"node", database_.node.name},
                                              {"at", clock::to_rfc3339(database_.environment.clock.now())}})),
                  "noting that this node is retired");
        INGOT_TRY(write_patroni_config(database_), "");
        say("taking it out of the proxies");
        INGOT_TRY(database_.environment.services.reload(kPatroniUnit), "");
        constexpr auto kChecks = 4s; // of the proxies: two in a row, and one that was under way
        std::this_thread::sleep_for(kChecks);
        return {};
    }

    Status stop() {
        say("stopping PostgreSQL");
        INGOT_TRY(database_.environment.services.stop(kPatroniUnit), "");
        const auto& cluster = database_.node.config.cluster;
        auto etcd = database_.etcd();
        // Proxies and Patroni would forget it by themselves some seconds later.
        return etcd->remove(patroni_key(cluster, text::format("members/{}", database_.node.name)));
    }

  private:
    void say(const std::string& line) const {
        if (options_.say) { options_.say(line); }
    }

    /// Several times only if no transaction fails; then anyway.
    Status let_lead(const std::string& candidate) {
        say(text::format("switching over to {}", candidate));
        const bool anyway = attempts_++ >= kAttempts;
        INGOT_ASSIGN(const auto report, switch_over(database_, {.to = candidate, .patience = 5s, .anyway = anyway}),
                     "");
        say(text::format("{} leads, after {} ms", report.to, report.took.count()));
        return {};
    }

    static constexpr int kAttempts = 5;
    const Database& database_;
    const RetireOptions& options_;
    Clock::time_point deadline_;
    int attempts_ = 0;
};

} // namespace

Status retire(const Database& database, const RetireOptions& options) {
    Retirement retirement(database, options);
    if (!files::exists(database.environment.root.at(kRetiredFile))) {
        INGOT_TRY(retirement.become_dispensable(), "");
    }
    INGOT_TRY(retirement.step_aside(), "");
    return retirement.stop();
}

Status enlist(const Database& database) {
    const auto file = database.environment.root.at(kRetiredFile);
    if (!files::exists(file)) { return fail(ErrorKind::refused, "this node is not retired"); }
    INGOT_TRY(files::remove_file(file), "");
    return database.environment.services.restart("ingot-agent.service");
}

} // namespace ingot::firstboot::db
