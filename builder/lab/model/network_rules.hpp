// What is configured in the lab's network: switch ports, DHCP reservations, names, and the cuts of a partition.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "builder/lab/model/plan.hpp"

namespace ingot::builder::lab {

/// What is cut. Members are named.
struct Cuts {
    /// Machines that reach nobody at all, as with the cable pulled but the link up.
    std::set<std::string> isolated{};
    /// Pairs of groups that do not reach each other; everything else they do.
    struct Between {
        std::set<std::string> left;
        std::set<std::string> right;
    };
    std::vector<Between> between{};

    [[nodiscard]] bool empty() const { return isolated.empty() && between.empty(); }
};

/// Reads the words of `ingot lab partition`. One word: each machine it names (with commas between) is cut off from
/// all. More: the first word's machines are cut off from those of the others. invalid_input for unknown machines
/// and for one that stands on both sides.
Result<Cuts> plan_cuts(const std::vector<std::string>& groups, const std::vector<Member>& members);

/// The whole nftables ruleset of the bridge for these cuts; with none, one that only removes the table.
std::string nft_rules(const Cuts& cuts, const std::vector<Member>& members);

/// dnsmasq's reservations, one line per member.
std::string dhcp_hosts(const std::vector<Member>& members);
/// dnsmasq's hosts file: <member>.<domain>, and the names of the roles (primary, replica → proxies; db, etcd, proxy).
std::string dns_hosts(const std::vector<Member>& members, std::string_view domain);

/// Both cuts at once.
Cuts merge(Cuts first, const Cuts& second);

/// For people: "db-1 | db-2 db-3" and "db-1 | everyone".
std::vector<std::string> describe(const Cuts& cuts);

} // namespace ingot::builder::lab
