// systemd-networkd's files.
//
// How a card is matched decides whether the machine can be reached. By hardware address, not by name: names that
// providers write ("eth0") are seldom the kernel's. The current address, together with the kind, because a VLAN or
// bond has its card's address and a virtual card has no permanent one; only a card that becomes part of a bond, whose
// current address changes, is matched by its permanent address.
#include <algorithm>

#include "cloud-init/network/network.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

/// An ini file under construction; sections without entries are not written.
class Ini {
  public:
    Ini& section(std::string_view name) {
        section_ = name;
        return *this;
    }
    Ini& entry(std::string_view key, std::string_view value) {
        if (!section_.empty()) {
            text_ += text::format("{}[{}]\n", text_.empty() ? "" : "\n", section_);
            section_.clear();
        }
        text_ += text::format("{}={}\n", key, value);
        return *this;
    }
    Ini& entry(std::string_view key, bool value) { return entry(key, value ? std::string_view("yes") : "no"); }
    Ini& entry(std::string_view key, const char* value) { return entry(key, std::string_view(value)); }
    template <typename T>
    Ini& entry_if(std::string_view key, const std::optional<T>& value) {
        if (!value) { return *this; }
        if constexpr (std::is_same_v<T, bool>) {
            return entry(key, *value);
        } else {
            return entry(key, std::string_view(text::format("{}", *value)));
        }
    }
    Ini& entry_if(std::string_view key, const std::string& value) {
        return value.empty() ? *this : entry(key, value);
    }
    [[nodiscard]] std::string finish() && { return std::move(text_); }

  private:
    std::string section_{};
    std::string text_{};
};

const NetworkLink* master_of(const NetworkConfig& config, const NetworkLink& link) {
    for (const auto& other : config.links) {
        if (std::ranges::find(other.members, link.id) != other.members.end()) { return &other; }
    }
    return nullptr;
}

bool is_made(const NetworkLink& link) { return link.kind != LinkKind::ethernet; }

void write_match(Ini& out, const NetworkLink& link, const NetworkLink* master) {
    out.section("Match");
    if (is_made(link)) {
        out.entry("Name", link.id);
        return;
    }
    const bool in_bond = master != nullptr && master->kind == LinkKind::bond;
    if (!link.match_mac.empty()) {
        out.entry(in_bond ? "PermanentMACAddress" : "MACAddress", link.match_mac);
        if (!in_bond) { out.entry("Kind", "!bond bridge vlan"); }
    }
    if (!link.match_drivers.empty()) { out.entry("Driver", text::join(link.match_drivers, " ")); }
    if (!link.match_names.empty()) { out.entry("Name", text::join(link.match_names, " ")); }
    if (link.match_mac.empty() && link.match_names.empty() && link.match_drivers.empty()) {
        out.entry("Name", link.id);
    }
}

std::string_view dhcp_word(const NetworkLink& link) {
    if (link.dhcp4 && link.dhcp6) { return "yes"; }
    return link.dhcp4 ? "ipv4" : "ipv6";
}

std::string link_local_word(const NetworkLink& link, const NetworkLink* master) {
    if (master != nullptr) { return "no"; }
    if (!link.link_local) { return "ipv6"; }
    const auto has = [&link](std::string_view word) {
        return std::ranges::find(*link.link_local, word) != link.link_local->end();
    };
    if (has("ipv4") && has("ipv6")) { return "yes"; }
    return has("ipv4") ? "ipv4" : has("ipv6") ? "ipv6" : "no";
}

void write_membership(Ini& out, const NetworkLink& link, const NetworkLink& master) {
    out.entry(master.kind == LinkKind::bond ? "Bond" : "Bridge", master.id);
    if (master.primary_member == link.id) { out.entry("PrimarySlave", true); }
}

void write_network(Ini& out, const NetworkLink& link, const NetworkLink* master, const NetworkConfig& config) {
    out.section("Network");
    if (link.dhcp4 || link.dhcp6) { out.entry("DHCP", dhcp_word(link)); }
    out.entry("LinkLocalAddressing", link_local_word(link, master));
    for (const auto& address : link.addresses) { out.entry("Address", address); }
    out.entry_if("IPv6AcceptRA", link.accept_ra);
    if (link.ipv6_privacy) { out.entry("IPv6PrivacyExtensions", true); }
    for (const auto& server : link.nameservers) { out.entry("DNS", server); }
    if (!link.search.empty()) { out.entry("Domains", text::join(link.search, " ")); }
    out.entry_if("IPv6MTUBytes", link.ipv6_mtu);
    if (is_made(link) || link.ignore_carrier) { out.entry("ConfigureWithoutCarrier", true); }
    if (master != nullptr) { write_membership(out, link, *master); }
    for (const auto& other : config.links) {
        if (other.kind == LinkKind::vlan && other.vlan_link == link.id) { out.entry("VLAN", other.id); }
    }
    // A machine that others know by its address must not lose it because its configuration is read again.
    if (link.dhcp4 || link.dhcp6) { out.entry("KeepConfiguration", "dhcp"); }
}

void write_dhcp(Ini& out, const NetworkLink& link, std::string_view section, const DhcpOverrides& overrides,
                bool v4) {
    constexpr std::int64_t kMetric = 100;
    out.section(section);
    if (v4) {
        // The address belongs to the card: a machine made again from the same image keeps it.
        out.entry("ClientIdentifier", link.dhcp_identifier == "duid" ? "duid" : "mac");
        out.entry("RouteMetric", std::string_view(text::format("{}", overrides.route_metric.value_or(kMetric))));
        out.entry("UseMTU", overrides.use_mtu.value_or(true));
        out.entry("UseHostname", overrides.use_hostname.value_or(false));
        // A lease is not given back when the network is restarted.
        out.entry("SendRelease", false);
    } else if (overrides.use_hostname) {
        out.entry("UseHostname", *overrides.use_hostname);
    }
    out.entry_if("UseDNS", overrides.use_dns);
    out.entry_if("UseNTP", overrides.use_ntp);
    if (v4) { out.entry_if("UseRoutes", overrides.use_routes); }
    out.entry_if("SendHostname", overrides.send_hostname);
    out.entry_if("Hostname", overrides.hostname);
    out.entry_if("UseDomains", overrides.use_domains);
}

void write_routes(Ini& out, const NetworkLink& link) {
    for (const auto& route : link.routes) {
        out.section("Route").entry("Destination", route.to);
        out.entry_if("Gateway", route.via);
        // A link-local gateway is always on the link.
        if (route.on_link || text::lower(route.via).starts_with("fe80:")) { out.entry("GatewayOnLink", true); }
        out.entry_if("Metric", route.metric);
        out.entry_if("Table", route.table);
        out.entry_if("MTUBytes", route.mtu);
        out.entry_if("PreferredSource", route.from);
        out.entry_if("Type", route.type);
        out.entry_if("Scope", route.scope);
    }
    for (const auto& rule : link.rules) {
        out.section("RoutingPolicyRule");
        out.entry_if("From", rule.from);
        out.entry_if("To", rule.to);
        out.entry_if("Table", rule.table);
        out.entry_if("Priority", rule.priority);
        out.entry_if("FirewallMark", rule.mark);
    }
}

void write_bridge_port(Ini& out, const NetworkLink& link, const NetworkLink* master) {
    if (master == nullptr || master->kind != LinkKind::bridge) { return; }
    const auto cost = master->member_costs.find(link.id);
    const auto priority = master->member_priorities.find(link.id);
    out.section("Bridge");
    if (cost != master->member_costs.end()) { out.entry("Cost", cost->second); }
    if (priority != master->member_priorities.end()) { out.entry("Priority", priority->second); }
}

std::string network_file(const NetworkLink& link, const NetworkConfig& config) {
    const auto* const master = master_of(config, link);
    Ini out;
    write_match(out, link, master);
    out.section("Link");
    if (!is_made(link)) { out.entry_if("MACAddress", link.mac); }
    if (link.optional) { out.entry("RequiredForOnline", false); }
    out.entry_if("MTUBytes", link.mtu);
    write_network(out, link, master, config);
    if (link.dhcp4) { write_dhcp(out, link, "DHCPv4", link.overrides4, true); }
    if (link.dhcp6) { write_dhcp(out, link, "DHCPv6", link.overrides6, false); }
    // netplan's route-metric for DHCPv6 and for announcements is one setting to systemd-networkd.
    if (link.dhcp6 && link.overrides6.route_metric) {
        out.section("IPv6AcceptRA").entry_if("RouteMetric", link.overrides6.route_metric);
    }
    write_routes(out, link);
    write_bridge_port(out, link, master);
    return std::move(out).finish();
}

std::string netdev_file(const NetworkLink& link) {
    Ini out;
    out.section("NetDev").entry("Name", link.id);
    out.entry_if("MACAddress", link.mac);
    out.entry_if("MTUBytes", link.mtu);
    switch (link.kind) {
    case LinkKind::bond: out.entry("Kind", "bond").section("Bond"); break;
    case LinkKind::bridge: out.entry("Kind", "bridge").section("Bridge"); break;
    case LinkKind::vlan:
        out.entry("Kind", "vlan").section("VLAN").entry("Id", std::string_view(text::format("{}", link.vlan_id)));
        break;
    case LinkKind::ethernet: break;
    }
    for (const auto& [key, value] : link.parameters) { out.entry(key, value); }
    return std::move(out).finish();
}

std::string link_file(const NetworkLink& link) {
    Ini out;
    out.section("Match");
    if (link.match_mac.empty()) {
        if (!link.match_drivers.empty()) { out.entry("Driver", text::join(link.match_drivers, " ")); }
        out.entry("OriginalName", link.match_names.empty() ? link.id : text::join(link.match_names, " "));
    } else {
        out.entry("MACAddress", link.match_mac);
        out.entry("Type", "ether");
    }
    out.section("Link");
    if (link.set_name.empty()) {
        out.entry("NamePolicy", "keep kernel database onboard slot path");
    } else {
        out.entry("Name", link.set_name);
    }
    if (link.wake_on_lan) { out.entry("WakeOnLan", "magic"); }
    out.entry_if("MTUBytes", link.mtu);
    return std::move(out).finish();
}

} // namespace

std::vector<NetworkFile> render_networkd(const NetworkConfig& config) {
    std::vector<NetworkFile> files;
    for (const auto& link : config.links) {
        const auto name = [&link](std::string_view ending) {
            return text::format("{}{}.{}", kNetworkFilePrefix, link.id, ending);
        };
        if (is_made(link)) { files.push_back({.name = name("netdev"), .content = netdev_file(link)}); }
        if (!is_made(link) && (!link.set_name.empty() || link.wake_on_lan)) {
            files.push_back({.name = name("link"), .content = link_file(link)});
        }
        files.push_back({.name = name("network"), .content = network_file(link, config)});
    }
    std::ranges::sort(files, {}, &NetworkFile::name);
    return files;
}

} // namespace ingot::cloud_init
