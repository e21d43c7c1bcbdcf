// The network of a machine, as what all descriptions of it have in common.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ingot::cloud_init {

struct Route {
    std::string to;  ///< CIDR; "0.0.0.0/0" and "::/0" for the default
    std::string via; ///< empty: to the link itself
    std::optional<std::int64_t> metric{};
    std::optional<std::int64_t> table{};
    std::optional<std::int64_t> mtu{};
    bool on_link = false;
    std::string from{}; ///< preferred source
    std::string type{}; ///< "unicast", "blackhole", …
    std::string scope{};
};

struct PolicyRule {
    std::string from{};
    std::string to{};
    std::optional<std::int64_t> table{};
    std::optional<std::int64_t> priority{};
    std::optional<std::int64_t> mark{};
};

/// What is taken from a DHCP answer; absent means systemd-networkd's own choice.
struct DhcpOverrides {
    std::optional<bool> use_dns{};
    std::optional<bool> use_ntp{};
    std::optional<bool> use_mtu{};
    std::optional<bool> use_routes{};
    std::optional<bool> use_hostname{};
    std::optional<bool> send_hostname{};
    std::optional<std::string> hostname{};
    std::optional<std::string> use_domains{}; ///< "true", "false" or "route"
    std::optional<std::int64_t> route_metric{};
};

enum class LinkKind { ethernet, bond, bridge, vlan };

struct NetworkLink {
    LinkKind kind = LinkKind::ethernet;
    std::string id; ///< as the description names it; the interface's name where it is made here

    // Which card it is; all empty: the card whose name is the id.
    std::string match_mac{};
    std::vector<std::string> match_names{}; ///< globs
    std::vector<std::string> match_drivers{};
    std::string set_name{}; ///< renamed to this
    std::string mac{};      ///< given this address

    bool dhcp4 = false;
    bool dhcp6 = false;
    DhcpOverrides overrides4{};
    DhcpOverrides overrides6{};
    std::string dhcp_identifier{}; ///< "mac" or "duid"
    std::optional<bool> accept_ra{};
    bool ipv6_privacy = false;
    std::optional<std::vector<std::string>> link_local{}; ///< "ipv4", "ipv6"; absent: ipv6
    std::vector<std::string> addresses{};                 ///< CIDR
    std::vector<std::string> nameservers{};
    std::vector<std::string> search{};
    std::vector<Route> routes{};
    std::vector<PolicyRule> rules{};
    std::optional<std::int64_t> mtu{};
    std::optional<std::int64_t> ipv6_mtu{};
    bool optional = false;
    bool wake_on_lan = false;
    bool ignore_carrier = false;

    std::vector<std::string> members{}; ///< of a bond or bridge, by id
    /// Of a bond or bridge: systemd-networkd's key and value.
    std::vector<std::pair<std::string, std::string>> parameters{};
    std::map<std::string, std::string> member_costs{};      ///< of a bridge: id → path cost
    std::map<std::string, std::string> member_priorities{}; ///< of a bridge
    std::string primary_member{};                           ///< of a bond
    std::int64_t vlan_id = 0;
    std::string vlan_link{}; ///< by id
};

struct NetworkConfig {
    bool disabled = false; ///< {config: disabled}: leave the network as it is
    std::vector<NetworkLink> links{};
    std::vector<std::string> warnings{}; ///< what is valid and not done here
};

} // namespace ingot::cloud_init
