// The lab's network: one bridge, a cable to each machine, DHCP and names by dnsmasq, cuts by nftables.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "builder/lab/model/network_rules.hpp"
#include "builder/lab/model/plan.hpp"
#include "common/process/background.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// The metadata service's address; link-local, as in every cloud.
inline constexpr std::string_view kMetadataAddress = "169.254.169.254";

/// Lives in the lab's network namespace. Not thread-safe: the supervisor holds its lock.
class Switch {
  public:
    Switch(process::Processes& processes, LabNetwork network, std::string domain)
        : processes_(processes), network_(network), domain_(std::move(domain)) {}

    /// Makes the bridge and starts dnsmasq for these members.
    Status bring_up(const std::vector<Member>& members, const std::filesystem::path& log_file);
    /// Tells dnsmasq who there is.
    Status know(const std::vector<Member>& members);
    /// Starts dnsmasq again if it has ended.
    Status tend();
    /// Makes a machine's network namespace, with a cable from its eth0 to the switch.
    Status plug(const Member& member);
    /// Pulls the cable and forgets the namespace. Peers notice nothing but silence. Nothing there is success.
    void unplug(const Member& member);
    /// Replaces all cuts by these.
    Status cut(const Cuts& cuts, const std::vector<Member>& members);

    static std::filesystem::path namespace_of(const Member& member) { return "/run/netns/" + member.name; }

  private:
    process::Processes& processes_;
    LabNetwork network_;
    std::string domain_;
    std::filesystem::path log_file_;
    std::optional<process::Background> dnsmasq_;
    std::chrono::steady_clock::time_point dnsmasq_started_{};
};

} // namespace ingot::builder::lab
