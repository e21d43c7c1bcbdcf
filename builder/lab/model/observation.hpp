// What the machines say about themselves, read from their own documents, and what that means for a person.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/lab/model/plan.hpp"
#include "builder/lab/model/state.hpp"

namespace ingot::builder::lab {

/// From /run/ingot/status.json of a machine.
struct AgentReport {
    std::string state = "unknown"; ///< starting | waiting | ready | failed
    std::string message{};         ///< why it waits or failed, or what it does now
};
/// A text that is not the agent's status reads as state "unknown".
AgentReport read_agent(std::string_view status_json);

/// One member in Patroni's GET /cluster.
struct PatroniMember {
    std::string role{};  ///< leader, replica, sync_standby, …
    std::string state{}; ///< running, streaming, creating replica, …
    std::optional<std::int64_t> timeline{};
    std::optional<std::int64_t> lag{}; ///< bytes
};
/// By name; empty if the text is not such a document.
std::map<std::string, PatroniMember> read_patroni(std::string_view cluster_json);

/// From etcd's maintenance status.
struct EtcdReport {
    bool leader = false;
    bool learner = false;
    bool has_leader = false;
};
std::optional<EtcdReport> read_etcd(std::string_view status_json);

/// Everything seen of one machine.
struct Sighting {
    bool running = false;
    std::optional<std::string> ended{}; ///< how it went down, when it did so by itself
    std::optional<std::string> agent_json{};
    std::optional<PatroniMember> patroni{};
    std::optional<EtcdReport> etcd{};
    std::vector<int> open_ports{}; ///< of those a proxy should have open
    bool looked_inside = false;    ///< Patroni, etcd or ports were asked, not only the agent
};

/// One line of the status.
struct MemberReport {
    Member member{};
    std::string machine{}; ///< running | stopped
    std::string agent{};
    std::string detail{};
    bool healthy = false;
    bool leader = false; ///< db: the primary; etcd: the raft leader
    std::optional<std::int64_t> lag{};
    std::optional<std::int64_t> timeline{};
    std::string patroni_role{};
    std::string patroni_state{};
};

/// Judges one machine. `proxy_ports` are those a proxy has to listen on.
MemberReport judge(const Member& member, const Sighting& sighting, const HostPorts& proxy_ports);

/// What shows only when the db machines are seen together. A replica on another timeline than the primary is not
/// well, even while it streams. With synchronous replication a primary is well only when it has a synchronous
/// replica, because without one nobody may take its place; alone it has nobody to wait for.
void judge_together(std::vector<MemberReport>& reports, bool synchronous);

} // namespace ingot::builder::lab
