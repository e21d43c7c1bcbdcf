// A planned change of the leader in which no transaction fails: the proxies hold clients back meanwhile
// (coordination/pause.hpp).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "firstboot/coordination/pause.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// What Patroni's keys say about the members, as far as a switchover needs it.
struct Candidate {
    std::string name;
    std::string rest; ///< "https://10.0.0.21:8008"
    bool running = false;
    bool may_lead = true; ///< not tagged nofailover
};
struct Leadership {
    std::string leader; ///< empty: none
    std::vector<Candidate> members{};
    std::vector<std::string> synchronous{}; ///< standbys that have every acknowledged row; empty: not asked for
    bool hands_over = false;                ///< it was asked to, and nobody has taken over yet
};
Leadership leadership_from(std::string_view cluster, const Listing& listing);

/// "https://[fd00::21]:8008" → "fd00::21".
std::string host_of(std::string_view url);

/// Members that could take over: they run, may lead, and have every acknowledged row where that is asked for.
std::vector<Candidate> able_to_lead(const Leadership& leadership);

struct SwitchoverPlan {
    std::string leader;
    std::string leader_rest;
    std::string leader_address;
    std::string candidate; ///< empty: Patroni chooses
};
/// refused, with a sentence for people, if it cannot be. `to`: who shall lead; empty: anybody who may.
Result<SwitchoverPlan> plan_switchover(const Leadership& leadership, const std::string& to);

struct SwitchoverOptions {
    std::string to{};
    /// How long the proxies wait for transactions to end.
    std::chrono::milliseconds patience = std::chrono::seconds(8);
    /// Switch over even if a proxy could not hold its clients back: their transactions fail.
    bool anyway = false;
    /// Write out what is dirty before, so that it takes less time. Not on a full disk: PostgreSQL would stop.
    bool checkpoint = true;
};
struct SwitchoverReport {
    std::string from;
    std::string to;
    std::chrono::milliseconds took{};
    PauseTally proxies{};
};
/// Does it, from any db node. refused if transactions do not end in time; nothing has happened then.
Result<SwitchoverReport> switch_over(const Database& database, const SwitchoverOptions& options);

} // namespace ingot::firstboot::db
