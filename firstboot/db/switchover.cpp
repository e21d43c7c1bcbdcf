#include "firstboot/db/switchover.hpp"

#include <algorithm>

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::db {

namespace {

/// "https://10.0.0.21:8008/patroni" → "https://10.0.0.21:8008".
std::string base_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) { return {}; }
    return std::string(url.substr(0, url.find('/', scheme + 3)));
}

Candidate candidate_from(std::string_view name, const json::Json& value) {
    const auto state = json::string_at(value, "state").value_or("");
    return {.name = std::string(name),
            .rest = base_of(json::string_at(value, "api_url").value_or("")),
            .running = state == "running" || state == "streaming",
            .may_lead = !json::flag_at(json::member(value, "tags"), "nofailover")};
}

std::string names_of(const std::vector<std::string>& names) {
    return names.empty() ? std::string("none") : text::join(names, ", ");
}

/// Writes out what is dirty while clients still work, so that the leader's shutdown has little left to write while
/// they wait. A failure only makes the switchover slower.
void checkpoint_leader(const Database& database, const SwitchoverPlan& plan) {
    constexpr std::chrono::minutes kPatience{5};
    const auto conninfo =
        text::format("host={} port={} user=postgres dbname=postgres sslmode=verify-full sslrootcert={}/ca-db.crt "
                     "sslcert={}/node.crt sslkey={}/node.key",
                     plan.leader_address, kPostgresPort, paths::kPki, paths::kPki, paths::kPki);
    const auto done = process::run_checked(
        database.environment.processes,
        as_postgres({"psql", "--no-psqlrc", "--quiet", "--dbname=" + conninfo, "--command=CHECKPOINT"}, kPatience));
    if (!done) { log::warning("before the switchover: " + done.error().to_string()); }
}

Status ask_patroni_to_switch(const Database& database, const SwitchoverPlan& plan) {
    constexpr int kOk = 200;
    json::Json body{{"leader", plan.leader}};
    if (!plan.candidate.empty()) { body["candidate"] = plan.candidate; }
    const auto http = database.environment.make_http();
    INGOT_ASSIGN(const auto response,
                 http->send({.method = "POST",
                             .url = plan.leader_rest + "/switchover",
                             .headers = {"Content-Type: application/json"},
                             .body = json::to_line(body),
                             .tls = tls_for(database.environment.root, "db"),
                             .timeout = std::chrono::seconds(60)}),
                 "asking Patroni to switch over");
    if (response.status == kOk) { return {}; }
    return fail(ErrorKind::refused,
                text::format("Patroni does not switch over: {}", std::string(text::trim(response.body))));
}

} // namespace

std::string host_of(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) { return {}; }
    auto host = url.substr(scheme + 3);
    host = host.substr(0, host.rfind(':'));
    if (host.starts_with('[') && host.ends_with(']')) { host = host.substr(1, host.size() - 2); }
    return std::string(host);
}

Leadership leadership_from(std::string_view cluster, const Listing& listing) {
    constexpr std::string_view kMembers = "members/";
    const auto prefix = patroni_key(cluster, "");
    Leadership found;
    std::string asked;
    for (const auto& entry : listing.entries) {
        if (!entry.key.starts_with(prefix)) { continue; }
        const auto name = std::string_view(entry.key).substr(prefix.size());
        if (name == "leader") {
            found.leader = entry.value;
            continue;
        }
        const auto value = json::parse(entry.value);
        if (!value) { continue; }
        if (name == "sync") {
            for (auto& standby : text::split(json::string_at(*value, "sync_standby").value_or(""), ',')) {
                if (!standby.empty()) { found.synchronous.push_back(std::move(standby)); }
            }
        } else if (name == "failover") {
            asked = json::string_at(*value, "leader").value_or("");
        } else if (name.starts_with(kMembers)) {
            found.members.push_back(candidate_from(name.substr(kMembers.size()), *value));
        }
    }
    found.hands_over = !found.leader.empty() && found.leader == asked;
    return found;
}

std::vector<Candidate> able_to_lead(const Leadership& leadership) {
    std::vector<Candidate> able;
    for (const auto& member : leadership.members) {
        const bool synchronous =
            leadership.synchronous.empty() ||
            std::ranges::find(leadership.synchronous, member.name) != leadership.synchronous.end();
        if (member.name != leadership.leader && member.running && member.may_lead && synchronous) {
            able.push_back(member);
        }
    }
    return able;
}

Result<SwitchoverPlan> plan_switchover(const Leadership& leadership, const std::string& to) {
    const auto find = [&leadership](const std::string& name) {
        return std::ranges::find(leadership.members, name, &Candidate::name);
    };
    const auto leader = find(leadership.leader);
    if (leadership.leader.empty() || leader == leadership.members.end()) {
        return fail(ErrorKind::refused, "nobody leads now, so there is nothing to switch over");
    }
    SwitchoverPlan plan{.leader = leader->name,
                        .leader_rest = leader->rest,
                        .leader_address = host_of(leader->rest),
                        .candidate = to};
    std::vector<std::string> able;
    for (const auto& member : able_to_lead(leadership)) { able.push_back(member.name); }
    if (to == leader->name) { return fail(ErrorKind::refused, to + " leads already"); }
    if (!to.empty() && find(to) == leadership.members.end()) {
        return fail(ErrorKind::refused,
                    text::format("there is no member {}; those that could lead: {}", to, names_of(able)));
    }
    const bool possible = to.empty() ? !able.empty() : std::ranges::find(able, to) != able.end();
    if (possible) { return plan; }
    if (to.empty()) { return fail(ErrorKind::refused, "no other member can take over now"); }
    return fail(ErrorKind::refused,
                text::format("{} cannot take over now; those that could: {}", to, names_of(able)));
}

Result<SwitchoverReport> switch_over(const Database& database, const SwitchoverOptions& options) {
    const auto& cluster = database.node.config.cluster;
    auto etcd = database.etcd();
    const auto look = [&]() -> Result<Leadership> {
        INGOT_ASSIGN(const auto listing, etcd->list(patroni_key(cluster, "")), "reading Patroni's keys");
        return leadership_from(cluster, listing);
    };
    INGOT_ASSIGN(const auto before, look(), "");
    INGOT_ASSIGN(const auto plan, plan_switchover(before, options.to), "");
    if (options.checkpoint) { checkpoint_leader(database, plan); }
    INGOT_ASSIGN(const auto pause, ClientPause::begin(etcd, cluster, database.node.name, options.patience), "");
    if (!pause.tally.complete() && !options.anyway) {
        return fail(
            ErrorKind::refused,
            text::format("not all clients could be held back (transactions still run at: {}; no answer from: {}); "
                         "try again, or with --anyway, which fails those transactions",
                         names_of(pause.tally.busy), names_of(pause.tally.silent)));
    }
    const auto begun = database.environment.clock.monotonic();
    INGOT_TRY(ask_patroni_to_switch(database, plan), "");
    const auto ended = database.environment.clock.monotonic();
    INGOT_ASSIGN(const auto after, look(), "");
    return SwitchoverReport{.from = plan.leader,
                            .to = after.leader,
                            .took = std::chrono::duration_cast<std::chrono::milliseconds>(ended - begun),
                            .proxies = pause.tally};
}

} // namespace ingot::firstboot::db
