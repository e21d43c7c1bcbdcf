#include <algorithm>

#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/retire.hpp"

namespace ingot::firstboot::db {

namespace {

constexpr std::int64_t kLittle = 1 << 20;

bool leads(const ClusterMember& member) { return member.role == "leader" || member.role == "standby_leader"; }

/// Follows, and could lead: nothing keeps it from taking over but a setting.
bool is_healthy_replica(const ClusterMember& member, const ClusterMember& leader) {
    // A cascading replica without a source to stream from, as in a standby cluster fed by a repository, says
    // "running".
    const bool flows = member.state == "streaming" || (leader.role == "standby_leader" && member.state == "running");
    return !leads(member) && flows && member.timeline == leader.timeline &&
           member.lag.value_or(kLittle + 1) <= kLittle;
}

} // namespace

Result<ClusterView> cluster_from_json(std::string_view text) {
    const auto value = json::parse(text);
    if (!value || !json::member(*value, "members").is_array()) {
        return fail(ErrorKind::tool_failed, "Patroni's view of the cluster cannot be understood");
    }
    ClusterView view{.paused = json::flag_at(*value, "pause")};
    for (const auto& entry : json::member(*value, "members")) {
        view.members.push_back({.name = json::string_at(entry, "name").value_or(""),
                                .role = json::string_at(entry, "role").value_or(""),
                                .state = json::string_at(entry, "state").value_or(""),
                                .timeline = json::number_at(entry, "timeline"),
                                .lag = json::number_at(entry, "lag"),
                                .nofailover = json::flag_at(json::member(entry, "tags"), "nofailover"),
                                .host = json::string_at(entry, "host").value_or("")});
    }
    return view;
}

RetireStep decide_retire(const ClusterView& cluster, const RetireWish& wish) {
    if (cluster.paused) {
        return RefuseToRetire{"Patroni is paused, so nobody would take over: `patronictl resume` first"};
    }
    const auto others =
        std::ranges::count_if(cluster.members, [&](const ClusterMember& member) { return member.name != wish.self; });
    if (others == 0) { return RefuseToRetire{"this is the only member: who leaves last takes the database along"}; }
    const auto leader = std::ranges::find_if(cluster.members, leads);
    if (leader == cluster.members.end()) { return WaitFor{"nobody leads the cluster now"}; }
    const bool self_leads = leader->name == wish.self;

    std::vector<const ClusterMember*> fit;
    for (const auto& member : cluster.members) {
        if (member.name != wish.self && !member.nofailover && is_healthy_replica(member, *leader)) {
            fit.push_back(&member);
        }
    }
    const std::size_t needed = (self_leads ? 1U : 0U) + (wish.leave_no_replica ? 0U : 1U);
    if (fit.size() < needed) {
        return WaitFor{
            text::format("{} would be left with {} healthy replica{} besides its leader; boot another db node, "
                         "or say --alone if that is wanted",
                         "the cluster", fit.size() - std::min<std::size_t>(fit.size(), self_leads ? 1U : 0U),
                         fit.size() == 1 ? "" : "s")};
    }
    if (!self_leads) { return Leave{}; }
    const auto may_lead = [&wish](const ClusterMember* member) {
        return !wish.synchronous || member->role == "sync_standby" || member->role == "quorum_standby";
    };
    const auto heir = std::ranges::find_if(fit, may_lead);
    if (heir == fit.end()) { return WaitFor{"no replica is a synchronous one yet"}; }
    return SwitchOver{(*heir)->name};
}

} // namespace ingot::firstboot::db
