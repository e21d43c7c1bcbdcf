#include "firstboot/db/settings.hpp"

#include <algorithm>

#include "cloud-init/userdata/sections.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/provisioning.hpp"
#include "firstboot/db/render.hpp"

namespace ingot::firstboot::db {

namespace {

using json::Json;

std::string shown(const Json& value) {
    if (value.is_null()) { return "not set"; }
    return value.is_string() ? value.get<std::string>() : value.dump();
}

void compare(std::vector<std::string>& lines, const std::string& path, const Json& here, const Json& there) {
    if (here == there) { return; }
    if (here.is_object() && there.is_object()) {
        auto names = here;
        names.update(there);
        for (const auto& [name, ignored] : names.items()) {
            compare(lines, path.empty() ? name : text::format("{}.{}", path, name), json::member(here, name),
                    json::member(there, name));
        }
        return;
    }
    lines.push_back(text::format("{} is {} here and {} in the cluster", path, shown(here), shown(there)));
}

/// What the cluster sets, this member must not say otherwise.
Status write_and_reload(const Database& database) {
    INGOT_ASSIGN(const bool changed, write_patroni_config(database), "");
    if (!changed) { return {}; }
    INGOT_ASSIGN(const auto state, database.environment.services.state(kPatroniUnit), "");
    return state == "active" ? database.environment.services.reload(kPatroniUnit) : Status();
}

} // namespace

Json settings_of(const cloud_init::PostgresConfig& postgres) {
    Json settings = {{"synchronous", std::string(cloud_init::to_string(postgres.synchronous))},
                     {"failover", std::string(cloud_init::to_string(postgres.failover))},
                     {"parameters", Json::object()},
                     {"databases", Json::object()},
                     {"users", Json::array()},
                     {"hba", postgres.hba}};
    for (const auto& [name, value] : postgres.parameters) { settings["parameters"][text::lower(name)] = value; }
    for (const auto& database : postgres.databases) {
        settings["databases"][database.name] = {{"owner", database.owner.value_or("postgres")},
                                                {"extensions", database.extensions}};
    }
    for (const auto& user : postgres.users) { settings["users"].push_back(user.name); }
    return settings;
}

std::vector<std::string> differences(const Json& here, const Json& cluster) {
    std::vector<std::string> lines;
    compare(lines, "", here, cluster);
    return lines;
}

Json shared_patch(const NodeSpec& node, const Machine& machine, const Json& before) {
    const auto& earlier = json::member(before, "parameters");
    auto parameters = cluster_parameters(node, machine);
    for (const auto* const own : {"max_connections", "max_worker_processes"}) {
        if (earlier.contains(own)) { continue; }
        const auto asked = std::ranges::any_of(node.config.postgres.parameters,
                                               [own](const auto& entry) { return text::lower(entry.first) == own; });
        if (!asked) { parameters.erase(own); }
    }
    const auto timing = timing_of(node.config.postgres.failover);
    const auto synchronous = node.config.postgres.synchronous;
    using cloud_init::Synchronous;
    Json patch = {{"ttl", timing.ttl},
                  {"loop_wait", timing.loop_wait},
                  {"retry_timeout", timing.retry_timeout},
                  {"primary_start_timeout", timing.primary_start_timeout},
                  {"primary_stop_timeout", timing.primary_stop_timeout},
                  {"synchronous_mode_strict", synchronous == Synchronous::strict}};
    patch["synchronous_mode"] =
        synchronous == Synchronous::quorum ? Json("quorum") : Json(synchronous != Synchronous::off);
    auto& shared = patch["postgresql"]["parameters"];
    for (const auto& [name, value] : earlier.items()) { shared[name] = nullptr; } // what is no longer asked for
    for (const auto& [name, value] : parameters) { shared[name] = value; }
    return patch;
}

Status follow_settings(const Database& database) {
    INGOT_TRY(write_and_reload(database), "");
    INGOT_ASSIGN(const auto cluster, observe_cluster_settings(database), "");
    if (!cluster.is_object()) { return {}; }
    const auto lines = differences(settings_of(database.node.config.postgres), cluster);
    if (lines.empty()) { return {}; }
    return fail(
        ErrorKind::refused,
        text::format("this node's user-data differs from what the cluster has: {}. `ingot-agent apply` on the "
                     "leader makes the cluster follow the user-data of that node",
                     text::join(lines, "; ")));
}

Status apply_settings(const Database& database) {
    INGOT_ASSIGN(const auto leader, ask_whether_leader(database), "");
    if (!leader) {
        return fail(ErrorKind::refused,
                    "this node does not lead; run it on the leader (`ingot-agent switchover --to` "
                    "makes this one the leader)");
    }
    INGOT_ASSIGN(const auto before, observe_cluster_settings(database), "");
    // The record last: while it is the old one, this can be told again and removes what has to go.
    INGOT_TRY(patch_cluster(database, shared_patch(database.node, observe_machine(database), before)), "");
    INGOT_TRY(provision(database, leader->system_id), "");
    return write_and_reload(database);
}

} // namespace ingot::firstboot::db
