#include "builder/lab/model/observation.hpp"

#include <algorithm>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

/// The step that explains what a machine is doing: the first that is neither done nor pending.
std::string current_step(const json::Json& status) {
    for (const auto& step : json::member(status, "steps")) {
        const auto state = json::string_at(step, "state").value_or("");
        if (state == "done" || state == "pending" || state.empty()) { continue; }
        auto description = json::string_at(step, "description").value_or(json::string_at(step, "name").value_or(""));
        const auto message = json::string_at(step, "message").value_or("");
        if (!message.empty()) { description += ": " + message; }
        return description;
    }
    return {};
}

bool is_synchronous(const std::string& patroni_role) {
    return patroni_role == "sync_standby" || patroni_role == "quorum_standby";
}

std::string db_detail(const PatroniMember& patroni, bool leader) {
    const std::string role = leader ? "primary" : is_synchronous(patroni.role) ? "synchronous replica" : patroni.role;
    std::string detail = role + ", " + patroni.state;
    if (patroni.timeline) { detail += text::format(", timeline {}", *patroni.timeline); }
    if (!leader && patroni.lag) {
        detail += ", lag " + text::human_bytes(static_cast<unsigned long long>(*patroni.lag));
    }
    return detail;
}

void judge_db(MemberReport& report, const Sighting& seen) {
    if (!seen.patroni) {
        report.healthy = false;
        report.detail = "Patroni does not list it";
        return;
    }
    const auto& patroni = *seen.patroni;
    report.leader = patroni.role == "leader" || patroni.role == "master" || patroni.role == "primary";
    report.patroni_role = patroni.role;
    report.patroni_state = patroni.state;
    report.lag = patroni.lag;
    report.timeline = patroni.timeline;
    // Only a streaming replica is one that a failover can use; "running" is reading the archive.
    report.healthy = report.healthy && (report.leader ? patroni.state == "running" : patroni.state == "streaming");
    report.detail = db_detail(patroni, report.leader);
}

void judge_etcd(MemberReport& report, const Sighting& seen) {
    if (!seen.etcd) {
        report.healthy = false;
        report.detail = "etcd does not answer";
        return;
    }
    report.leader = seen.etcd->leader;
    report.healthy = report.healthy && seen.etcd->has_leader && !seen.etcd->learner;
    report.detail = !seen.etcd->has_leader ? "no quorum"
                    : seen.etcd->leader    ? "leader"
                    : seen.etcd->learner   ? "learner"
                                           : "follower";
}

void judge_proxy(MemberReport& report, const Sighting& seen, const HostPorts& ports) {
    std::vector<std::string> open;
    std::vector<std::string> closed;
    for (const int port : {ports.primary, ports.replica, ports.pool}) {
        (std::ranges::find(seen.open_ports, port) != seen.open_ports.end() ? open : closed)
            .push_back(std::to_string(port));
    }
    report.healthy = report.healthy && closed.empty();
    report.detail = open.empty() ? "" : "listens on " + text::join(open, " ");
    if (!closed.empty()) {
        report.detail += (open.empty() ? "does not listen on " : ", not on ") + text::join(closed, " ");
    }
}

} // namespace

AgentReport read_agent(std::string_view status_json) {
    const auto status = json::parse(status_json);
    if (!status || !status->is_object()) { return {}; }
    AgentReport report;
    report.state = json::string_at(*status, "state").value_or("unknown");
    std::vector<std::string> messages;
    for (const auto& message : json::member(*status, "messages")) {
        if (message.is_string()) { messages.push_back(message.get<std::string>()); }
    }
    report.message = text::join(messages, "; ");
    if (report.message.empty() && report.state != "ready") { report.message = current_step(*status); }
    return report;
}

std::map<std::string, PatroniMember> read_patroni(std::string_view cluster_json) {
    std::map<std::string, PatroniMember> members;
    const auto cluster = json::parse(cluster_json);
    if (!cluster || !cluster->is_object()) { return members; }
    for (const auto& entry : json::member(*cluster, "members")) {
        const auto name = json::string_at(entry, "name");
        if (!name) { continue; }
        members[*name] = {.role = json::string_at(entry, "role").value_or("unknown"),
                          .state = json::string_at(entry, "state").value_or("unknown"),
                          .timeline = json::number_at(entry, "timeline"),
                          .lag = json::number_at(entry, "lag")};
    }
    return members;
}

std::optional<EtcdReport> read_etcd(std::string_view status_json) {
    const auto status = json::parse(status_json);
    if (!status || !status->is_object()) { return std::nullopt; }
    const auto member = json::unsigned_at(json::member(*status, "header"), "member_id");
    if (!member) { return std::nullopt; }
    const auto leader = json::unsigned_at(*status, "leader").value_or(0);
    return EtcdReport{
        .leader = leader == *member, .learner = json::flag_at(*status, "isLearner"), .has_leader = leader != 0};
}

void judge_together(std::vector<MemberReport>& reports, bool synchronous) {
    const auto primary = std::ranges::find_if(
        reports, [](const MemberReport& report) { return report.member.role == Role::db && report.leader; });
    if (primary == reports.end()) { return; }
    bool has_others = false;
    bool is_protected = false;
    for (auto& report : reports) {
        if (report.member.role != Role::db || report.leader || report.machine != "running") { continue; }
        has_others = true;
        if (report.timeline != primary->timeline) {
            report.healthy = false;
            report.detail += ", not on the primary's timeline";
        } else if (is_synchronous(report.patroni_role) && report.patroni_state == "streaming") {
            is_protected = true;
        }
    }
    if (synchronous && has_others && !is_protected) {
        primary->healthy = false;
        primary->detail += ", no synchronous replica yet";
    }
}

MemberReport judge(const Member& member, const Sighting& sighting, const HostPorts& proxy_ports) {
    MemberReport report{.member = member};
    report.machine = sighting.running ? "running" : "stopped";
    if (!sighting.running) {
        report.agent = "-";
        report.detail = sighting.ended.value_or("");
        return report;
    }
    const auto agent = sighting.agent_json ? read_agent(*sighting.agent_json) : AgentReport{.state = "booting"};
    report.agent = agent.state;
    report.healthy = agent.state == "ready";
    if (sighting.looked_inside) {
        switch (member.role) {
        case Role::db: judge_db(report, sighting); break;
        case Role::etcd: judge_etcd(report, sighting); break;
        case Role::proxy: judge_proxy(report, sighting, proxy_ports); break;
        case Role::backup: break; // its agent says it all
        }
    }
    // While the agent is not done, its own words say more than what a daemon happens to answer.
    if (agent.state != "ready" && !agent.message.empty()) { report.detail = agent.message; }
    return report;
}

} // namespace ingot::builder::lab
