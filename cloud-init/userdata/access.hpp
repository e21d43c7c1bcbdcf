// What user-data says about who may join and who may connect. Apart from the rest, because identity, the join service
// and the firewall are the only ones that need it.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/userdata.hpp"

namespace ingot::cloud_init {

/// Roles whose nodes do not hold a CA's key and have to be signed for.
inline constexpr std::array<Role, 3> kJoiningRoles = {Role::db, Role::proxy, Role::backup};

/// By which a node without a certificate shows that it belongs to its role: 256 bits that never travel.
struct RoleToken {
    int epoch = 1;
    crypto::Secret secret; ///< 32 bytes
};

/// A port that an operator's own daemon needs.
struct ExtraPort {
    int port = 0;
    std::string protocol = "tcp";    ///< or udp
    std::vector<std::string> from{}; ///< networks; anybody if empty
};

/// What may reach a node, as far as its role does not say it.
struct FirewallConfig {
    std::vector<std::string> ssh{};     ///< networks from which ssh may be reached; anybody if empty
    std::vector<std::string> clients{}; ///< networks of the proxies' clients; empty: the private network
    std::vector<ExtraPort> open{};
};

struct AccessConfig {
    /// Of CAs and tokens; grows with each change of them. A node keeps the newest that it has seen.
    int generation = 1;
    /// etcd: those it accepts of each other role, newest first. db, proxy: the own one, under the own role.
    std::map<Role, std::vector<RoleToken>> tokens{};
    FirewallConfig firewall{};
};

/// User-data and what it says about access; see parse_sources().
struct NodeData {
    UserData user_data{};
    AccessConfig access{};
};
Result<NodeData> parse_node_data(const Sources& sources, std::string_view file);

/// The certificates of a role's CA: the first one signs; while a CA is replaced, the others are trusted, too.
const std::string& ca_of(const Pki& pki, Role role);

} // namespace ingot::cloud_init
