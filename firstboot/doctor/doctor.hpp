// Health of a node: observations of the machine, judged by pure rules.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/clock/clock.hpp"
#include "firstboot/status/status.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::doctor {

struct Disk {
    std::string path;
    std::uint64_t size = 0;
    std::uint64_t free = 0;
    std::uint64_t inodes = 0;
    std::uint64_t free_inodes = 0;
};

struct Observations {
    std::optional<NodeStatus> status{}; ///< absent: the agent has not said anything
    std::string role;
    std::vector<std::string> addresses{};
    bool default_route = false;
    bool name_servers = false;
    std::optional<bool> clock_synchronised{}; ///< absent: not known
    std::vector<Disk> disks{};
    std::optional<clock::WallTime> certificate_ends{};
    bool certificate_unreadable = false;
    std::map<std::string, std::string> units{}; ///< the role's units: active, failed, …
    clock::WallTime now{};
};

enum class Verdict { good, warning, bad };

struct Finding {
    std::string subject; ///< "network"
    Verdict verdict = Verdict::good;
    std::string sentence;
    std::string advice{}; ///< what to do; empty if all is well
};

/// Looks at the machine. Never fails: what cannot be seen is absent.
Observations observe(Environment& environment);
/// One finding for each subject at least, in the order in which they are to be mended: without a network nothing
/// else can work.
std::vector<Finding> judge(const Observations& observations);
/// For a terminal.
std::string to_screen_text(const std::vector<Finding>& findings);

} // namespace ingot::firstboot::doctor
