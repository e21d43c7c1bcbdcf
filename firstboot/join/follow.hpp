// Who follows a rotation of the CAs: what each node last said of itself, and whether the next step may be taken.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/clock.hpp"
#include "common/result/result.hpp"
#include "firstboot/join/message.hpp"

namespace ingot::firstboot::join {

/// What a node last said of itself: etcd key trust/seen/<name>.
struct Sighting {
    std::string role;
    std::string address;
    int generation = 0;      ///< of the trust under which its certificate was made
    clock::WallTime until{}; ///< when that certificate ends
    clock::WallTime at{};    ///< when it said so

    bool operator==(const Sighting&) const = default;
};
std::string to_json_line(const Sighting& sighting);
Result<Sighting> sighting_from_json(std::string_view text);

/// Whether `heard` is worth a write: it says something new, or the old one is about to count as silence.
bool worth_writing(const Sighting& heard, const Sighting& stored);

/// So long ago, and a node that is not reached either counts as off.
inline constexpr std::chrono::minutes kLively{10};

/// What taking newer trust would do, by role.
struct Change {
    std::vector<std::string> switched{}; ///< another CA signs from now on
    std::vector<std::string> dropped{};  ///< a CA is not trusted any more
    std::vector<std::string> skipped{};  ///< a step before this one was never taken here; why
    bool operator==(const Change&) const = default;
};
Result<Change> change_between(const Trust& now, const Trust& next);

/// A node of the cluster, for the guard.
struct Follower {
    std::string name;
    std::string role;
    std::string address{};
    int generation = 0; ///< 0: it has never said
    bool seen = false;  ///< has spoken within kLively
    bool answers = false;
    bool revoked = false;
};

/// Who has not followed to `generation`.
struct Behind {
    std::vector<std::string> alive{};  ///< would be shut out
    std::vector<std::string> silent{}; ///< would not know the cluster any more when it comes back
};
Behind who_is_behind(const std::vector<Follower>& nodes, int generation);

/// refused, with the reason, if the step would shut out a node that lives. `generation`: that the deciding node has.
Status check_step(const Change& change, const Behind& behind, int generation);

} // namespace ingot::firstboot::join
