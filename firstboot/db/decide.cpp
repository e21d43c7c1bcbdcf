#include "firstboot/db/decide.hpp"

#include <algorithm>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::db {

namespace {

bool is_own(const Past& past) {
    return past.claim && past.claim->cluster_id == past.cluster_id && past.claim->instance_id == past.instance_id;
}

bool names_system(const std::optional<std::string>& initialize) { return initialize && !initialize->empty(); }

StartDecision decide_with_files(const Past& past) {
    if (!is_own(past)) {
        return Refuse{text::format("{} holds files that this agent did not put there as instance {} of cluster {}; "
                                   "look what they are, then move them away to let this node join as a new replica",
                                   past.data_directory, past.instance_id, past.cluster_id)};
    }
    if (past.system_id && names_system(past.initialize) && *past.system_id != *past.initialize) {
        return Refuse{text::format("{} holds a database with system identifier {}, but the cluster's is {}; "
                                   "move the directory away to let this node join as a new replica",
                                   past.data_directory, *past.system_id, *past.initialize)};
    }
    const bool was_member = past.claim->member;
    if (!past.system_id) {
        if (!was_member || past.has_leader) { return Discard{"what a cut-off copy or initdb left behind"}; }
        return Refuse{text::format(
            "{} was a member's data directory and has no readable pg_control, and no leader is known to copy "
            "from; repair it, or move it away once another member leads",
            past.data_directory)};
    }
    if (!names_system(past.initialize)) {
        if (!was_member) { return SetAside{"what a cut-off initdb left behind"}; }
        return Refuse{text::format(
            "{0} holds the cluster's database (system identifier {1}), but etcd has forgotten the cluster: restore "
            "etcd from its snapshot, or, if it is gone for good, choose the member with the newest data, start "
            "it first and alone, and put /service/<cluster>/initialize = {1} into etcd",
            past.data_directory, *past.system_id)};
    }
    return Start{};
}

StartDecision decide_without_files(const Past& past) {
    if (names_system(past.initialize)) { return Start{}; }
    if (!past.repository_ids.empty()) {
        return Refuse{text::format(
            "etcd knows no database of this cluster, but the backup repository {} holds one (system identifier "
            "{}); it must not be initialised anew: restore etcd, or boot a new cluster that restores the backup",
            past.repository, past.repository_ids.back())};
    }
    if (past.provisioned) {
        return Refuse{text::format(
            "etcd remembers that this cluster had a database (system identifier {}), but Patroni's record of it "
            "is gone; it must not be initialised anew: put /service/<cluster>/initialize back",
            *past.provisioned)};
    }
    if (is_own(past) && past.claim->member) {
        return Refuse{text::format(
            "this node was a member of the cluster, its data directory {} is empty, and etcd knows of no "
            "database; it must not be initialised anew: restore etcd or a backup",
            past.data_directory)};
    }
    return Start{};
}

} // namespace

std::string to_json_text(const Claim& claim) {
    return json::to_text({{"version", 1},
                          {"cluster_id", claim.cluster_id},
                          {"instance_id", claim.instance_id},
                          {"member", claim.member}});
}

Result<Claim> claim_from_json(std::string_view text) {
    const auto value = json::parse(text);
    const auto cluster = value ? json::string_at(*value, "cluster_id") : std::nullopt;
    const auto instance = value ? json::string_at(*value, "instance_id") : std::nullopt;
    if (!cluster || !instance) {
        return fail(ErrorKind::refused, "the claim on the data directory cannot be understood");
    }
    return Claim{.cluster_id = *cluster, .instance_id = *instance, .member = json::flag_at(*value, "member")};
}

StartDecision decide_start(const Past& past) {
    return past.has_files ? decide_with_files(past) : decide_without_files(past);
}

Result<PatroniStatus> patroni_status_from_json(std::string_view text) {
    const auto value = json::parse(text);
    // A daemon's broken answer is no person's mistake: time heals it.
    if (!value) { return fail(ErrorKind::tool_failed, "Patroni's answer is not JSON: " + value.error().message); }
    const auto get = [&value = *value](std::string_view key) { return json::string_at(value, key).value_or(""); };
    return PatroniStatus{.state = get("state"),
                         .role = get("role"),
                         .replication_state = get("replication_state"),
                         .system_id = get("database_system_identifier")};
}

Readiness judge(const PatroniStatus& status) {
    if (status.state != "running") {
        return {.ready = false,
                .waiting = status.state.empty() ? "Patroni has not begun" : "Patroni says: " + status.state};
    }
    const bool leads = status.role == "primary" || status.role == "master" || status.role == "standby_leader";
    if (leads || status.replication_state == "streaming") { return {.ready = true}; }
    return {.ready = false,
            .waiting = text::format("the replica runs but does not stream yet{}{}",
                                    status.replication_state.empty() ? "" : ": ", status.replication_state)};
}

bool another_leads(const BootstrapView& view, std::string_view self) {
    return view.has_leader && !view.leader.empty() && view.leader != self;
}

bool is_abandoned(const BootstrapView& view, std::chrono::milliseconds unchanged_for) {
    // Longer than a member's lease, so that the key of one that died is gone, and of one that lives is fresh.
    constexpr std::chrono::seconds kPatience{30};
    const auto is_idle = [](const std::string& state) { return state == "stopped" || state == "uninitialized"; };
    return view.initialize && view.initialize->empty() && !view.has_leader && unchanged_for >= kPatience &&
           std::ranges::all_of(view.member_states, is_idle);
}

} // namespace ingot::firstboot::db
