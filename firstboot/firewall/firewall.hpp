// What may reach this machine. Everything that is not named here is dropped.
//
// Which port a role opens to whom stands in one table, in render.cpp: whoever adds a daemon that listens adds a line
// there, and in docs/security.md.
#pragma once

#include <string>
#include <vector>

#include "cloud-init/userdata/access.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// One line of the table.
struct Opening {
    std::string what; ///< "PostgreSQL"
    std::string protocol =
        "tcp"; ///< "tcp", "udp", or the number of an IP protocol without ports (112 is VRRP): names are in no image
    int port = 0;                  ///< 0 for a protocol without ports
    std::vector<std::string> from; ///< networks; anybody if empty
};

/// What a node opens, in the order of the file; pure.
std::vector<Opening> openings(const NodeSpec& node, const cloud_init::FirewallConfig& firewall);

/// The file for `nft -f`: replaces our table at once, leaves others alone; pure.
std::string render_firewall(const std::vector<Opening>& open);

inline constexpr std::string_view kFirewallFile = "/etc/ingot/firewall.nft";

/// Addresses of nodes that were revoked, in a table of its own beside the other; loaded with it at each boot.
inline constexpr std::string_view kShutOutFile = "/etc/ingot/firewall-revoked.nft";
inline constexpr std::string_view kShutOutUnit = "ingot-revoked.service"; ///< loads it
/// The file for `nft -f`: nothing comes from these addresses and nothing goes to them, also on connections that are
/// there; pure. Whose cluster it is stands in its first line.
std::string render_shut_out(std::string_view cluster_id, const std::vector<std::string>& addresses);
/// Those of the list that may be shut out: addresses of the private network, not the node's own, and no member of
/// etcd's; pure.
std::vector<std::string> may_be_shut_out(const NodeSpec& node, const std::vector<std::string>& addresses,
                                         const std::vector<std::string>& etcd_members);
/// Writes the file and loads it, if it is another one than before.
Status shut_out(const NodeSpec& node, const std::vector<std::string>& addresses, Environment& environment);

/// Writes the file and loads it; of another cluster's revoked nodes nothing stays.
Step firewall_step(const NodeSpec& node, const cloud_init::FirewallConfig& firewall, Environment& environment);

} // namespace ingot::firstboot
