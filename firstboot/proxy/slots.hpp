// Members into HAProxy's slots, by its Runtime API, without a reload: pure rules.
//
// haproxy.cfg has kSlots server slots in each backend; most are empty and in maintenance. A member that appears
// gets a free slot's address set; nothing is added, removed or reloaded.
//
// SAFETY: no server takes traffic before a health check of its own has passed.
//   - A server that leaves maintenance is UP until its first check fails: a replica would take writes for
//     up to a second. Saying `health down` before or right after `ready` is not enough (measured on 3.0 with two
//     threads: connections slip through between the two). So a slot goes maintenance → drain (which takes no
//     new connection) → health down → ready. From there only a passed check brings it up. Measured: none in
//     10 000 connections.
//   - In the file every slot is `disabled`, used ones too, for the same reason: a restarted HAProxy takes no
//     traffic until its slots went the same way.
//   - An address changes only in a slot that is in maintenance.
//   - A member that etcd no longer lists keeps its slot while HAProxy finds it healthy anywhere. Checks are
//     the judge, etcd's list only says where to look: a leader that lost etcd, but leads on by failsafe_mode, is
//     not cut off.
//   - No answer from etcd: everything stays, and what a restart left in maintenance is brought back.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "firstboot/proxy/members.hpp"

namespace ingot::firstboot::proxy {

inline constexpr int kSlots = 32;
inline constexpr std::array<std::string_view, 2> kBackends = {"primary", "replicas"};

/// Which member is in which slot (1 … kSlots); the same in both backends.
using Layout = std::map<int, Endpoint>;

/// One slot of one backend, as HAProxy reports it.
struct Slot {
    std::string backend;
    int number = 0;
    std::optional<Endpoint> endpoint{}; ///< none: empty
    bool in_maintenance = false;
    bool open = false; ///< neither in maintenance nor draining: traffic if it is up
    bool up = false;   ///< the last check passed
};

/// Reads the answer of `show servers state`. Servers that are no slots of ours are left out.
Result<std::vector<Slot>> slots_from_state(std::string_view text);

/// What to do, and what is then true.
struct SlotPlan {
    std::vector<std::string> commands{}; ///< for the Runtime API, one line each, in order
    Layout layout{};
    std::vector<Endpoint> without_slot{}; ///< members for which no slot was free
};

/// What to say when the leader's key has come to another member, so that nobody waits for checks that are not due
/// yet: who is open for writes and is not that member is down until a check of its own says otherwise. Takes traffic
/// away only.
std::vector<std::string> plan_new_leader(const Endpoint& leader, const std::vector<Slot>& slots);

/// `members`: from etcd; nothing if it does not answer.
SlotPlan plan_slots(const std::optional<std::vector<Endpoint>>& members, const std::vector<Slot>& slots);

} // namespace ingot::firstboot::proxy
