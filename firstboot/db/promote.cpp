#include "firstboot/db/promote.hpp"

#include <thread>

#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/db/source.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

/// The key of Patroni's that holds what all members share.
Result<json::Json> shared_configuration(const Database& database) {
    auto etcd = database.etcd();
    INGOT_ASSIGN(const auto entry, etcd->get(patroni_key(database.node.config.cluster, "config")), "");
    if (!entry) { return fail(ErrorKind::transient, "Patroni has not written the cluster's configuration yet"); }
    return json::parse(entry->value);
}

bool follows_another(const json::Json& configuration) {
    return !json::member(configuration, "standby_cluster").is_null();
}

/// A replication connection to the source's leader, as the standby's members have it.
bool source_answers(const Database& database) {
    if (!streams_from_source(database.node)) { return false; }
    const auto dsn = text::format("host={} port={} user=ingot_replicator replication=true "
                                  "sslmode=verify-full sslrootcert={} sslcert={} sslkey={} connect_timeout=3",
                                  source_host(database.node), database.node.config.standby_of->endpoints.front().port,
                                  kSourceCaFile, kStandbyCertificate, kStandbyKey);
    const auto answer = database.environment.processes.run(
        as_postgres({"psql", "--no-psqlrc", "--quiet", "--command=IDENTIFY_SYSTEM", dsn}, 10s));
    return answer && answer->exit_code == 0;
}

Status await(const Database& database, std::string_view what, const std::function<bool(const PatroniStatus&)>& done) {
    constexpr auto kPatience = 120s;
    const auto deadline = Clock::now() + kPatience;
    std::string seen = "Patroni does not answer";
    while (Clock::now() < deadline) {
        const auto view = observe_cluster(database);
        if (view) {
            seen = "nobody leads";
            for (const auto& member : view->members) {
                if (member.role != "leader" && member.role != "standby_leader") { continue; }
                const auto status = ask_patroni_at(database, member.host);
                seen = status ? text::format("{} is {}, {}", member.name, status->role, status->state)
                              : status.error().to_string();
                if (status && status->state == "running" && done(*status)) { return {}; }
            }
        }
        std::this_thread::sleep_for(500ms);
    }
    return fail(ErrorKind::transient, text::format("{}: not within {} s; {}", what, kPatience.count(), seen));
}

Status check_typed(const std::string& cluster, const std::string& typed) {
    if (typed == cluster) { return {}; }
    return fail(ErrorKind::refused,
                text::format("'{}' is not this cluster's name; type '{}' to confirm", typed, cluster));
}

} // namespace

Status decide_promotion(const PromotionView& view) {
    INGOT_TRY(check_typed(view.cluster, view.typed), "");
    if (!view.follows_another) {
        return fail(ErrorKind::refused,
                    text::format("cluster {} follows no other one; there is nothing to promote", view.cluster));
    }
    if (view.source_answers && !view.source_may_live) {
        return fail(ErrorKind::refused,
                    text::format("the leader of {0} answers, so there would be two clusters that take writes: run "
                                 "`ingot-agent demote-cluster {0}` on one of its db nodes first, or say "
                                 "--source-may-live",
                                 view.source));
    }
    return {};
}

Status promote_cluster(const Database& database, const std::string& typed, bool source_may_live, const Say& say) {
    const auto& node = database.node;
    INGOT_ASSIGN(const auto configuration, shared_configuration(database), "");
    PromotionView view{.cluster = node.config.cluster,
                       .follows_another = follows_another(configuration),
                       .typed = typed,
                       .source = source_of(node) == nullptr ? "the source" : source_of(node)->cluster,
                       .source_may_live = source_may_live};
    view.source_answers = view.follows_another && source_answers(database);
    INGOT_TRY(decide_promotion(view), "");
    say(text::format("promoting {}", view.cluster));
    INGOT_TRY(patch_cluster(database, {{"standby_cluster", nullptr}}), "");
    INGOT_TRY(await(database, "promoting",
                    [](const PatroniStatus& leader) { return leader.role == "primary" || leader.role == "master"; }),
              "");
    say(text::format("{} takes writes; its stanza and first full backup follow by themselves", view.cluster));
    return {};
}

Status demote_cluster(const Database& database, const std::string& typed, const Say& say) {
    INGOT_TRY(check_typed(database.node.config.cluster, typed), "");
    INGOT_ASSIGN(const auto configuration, shared_configuration(database), "");
    if (follows_another(configuration)) {
        return fail(ErrorKind::refused, "this cluster takes no writes already: it follows another one");
    }
    say(text::format("making {} read-only", typed));
    // A standby that is fed by nothing: its leader runs in recovery, and so do all who follow it.
    INGOT_TRY(patch_cluster(database, {{"standby_cluster", {{"restore_command", "/bin/false"}}}}), "");
    INGOT_TRY(
        await(database, "demoting", [](const PatroniStatus& leader) { return leader.role == "standby_leader"; }), "");
    say(text::format("{0} takes no writes any more; `ingot-agent promote-cluster {0}` undoes that", typed));
    return {};
}

} // namespace ingot::firstboot::db
