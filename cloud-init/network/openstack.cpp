// OpenStack's network_data.json: links, networks that name a link, and services.
#include <algorithm>
#include <map>

#include "cloud-init/network/reader.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Value;

namespace {

const document::Sequence& list_of(const Value& value, std::string_view key) {
    static const document::Sequence kNone;
    const auto* found = value.find(key);
    return found == nullptr || found->sequence() == nullptr ? kNone : *found->sequence();
}

/// Addresses of the services of type dns.
void add_dns(std::vector<std::string>& servers, const Value& holder) {
    for (const auto& service : list_of(holder, "services")) {
        const auto address = text_of(service.find("address"));
        if (text_of(service.find("type")) == "dns" && is_ip_address(address) &&
            std::ranges::find(servers, address) == servers.end()) {
            servers.push_back(address);
        }
    }
}

void read_routes(NetworkLink& link, const Value& network, Faults& faults) {
    for (const auto& item : list_of(network, "routes")) {
        const auto via = text_of(item.find("gateway"));
        auto to = read_destination(item, text_of(item.find("network")), text_of(item.find("netmask")), via, faults);
        if (to) { link.routes.push_back({.to = *std::move(to), .via = via}); }
        add_dns(link.nameservers, item);
    }
}

void read_network(NetworkLink& link, const Value& network, NetworkReading& reading) {
    const auto type = text_of(network.find("type"));
    if (type == "ipv4_dhcp") {
        link.dhcp4 = true;
    } else if (type == "ipv6_dhcp" || type == "ipv6_dhcpv6-stateful") {
        link.dhcp6 = true;
        link.accept_ra = true;
    } else if (type == "ipv6_slaac" || type == "ipv6_dhcpv6-stateless") {
        link.accept_ra = true;
    } else if (type == "ipv4" || type == "static" || type == "ipv6" || type == "static6") {
        if (type.ends_with('6')) { link.accept_ra = false; }
        auto address =
            read_cidr(network, text_of(network.find("ip_address")), text_of(network.find("netmask")), reading.faults);
        if (address) { link.addresses.push_back(*std::move(address)); }
        if (const auto gateway = text_of(network.find("gateway")); is_ip_address(gateway)) {
            link.routes.push_back({.to = is_ipv6(gateway) ? "::/0" : "0.0.0.0/0", .via = gateway});
        }
    } else {
        reading.warn(network.position, text::format("networks of type '{}' are not applied", type));
    }
    read_routes(link, network, reading.faults);
    add_dns(link.nameservers, network);
}

/// Names on the machine: the id is the hypervisor's name of the card and never used for one that is made here.
struct Names {
    std::map<std::string, std::string> of{}; ///< OpenStack's id → ours
    int cards = 0;
    int bonds = 0;
};

std::string name_of(const Value& item, const std::string& type, Names& names) {
    auto name = text_of(item.find("name"));
    if (is_interface_name(name)) { return name; }
    if (type == "bond") { return text::format("bond{}", names.bonds++); }
    if (type == "vlan") {
        return text::format("{}.{}", names.of[text_of(item.find("vlan_link"))], text_of(item.find("vlan_id")));
    }
    return text::format("card{}", names.cards++);
}

void read_link(const Value& item, const std::string& type, Names& names, NetworkReading& reading) {
    NetworkLink link{.kind = type == "bond"   ? LinkKind::bond
                             : type == "vlan" ? LinkKind::vlan
                                              : LinkKind::ethernet,
                     .id = name_of(item, type, names)};
    const auto id = text_of(item.find("id"));
    names.of[id] = link.id;
    auto mac = text::lower(text_of(item.find(type == "vlan" ? "vlan_mac_address" : "ethernet_mac_address")));
    if (!is_mac_address(mac)) {
        if (link.kind == LinkKind::ethernet) {
            reading.faults.add(item.position, text::format("link '{}' has no ethernet_mac_address", id));
        }
        mac.clear();
    }
    (link.kind == LinkKind::ethernet ? link.match_mac : link.mac) = mac;
    if (const auto mtu = text::to_number(text_of(item.find("mtu")))) { link.mtu = *mtu; }
    if (link.kind == LinkKind::bond) {
        for (const auto& member : texts_of(item.find("bond_links"))) { link.members.push_back(names.of[member]); }
        Value parameters{.position = item.position, .node = document::Mapping{}};
        for (const auto& entry : *item.mapping()) {
            if (entry.key.starts_with("bond_") && entry.key != "bond_links") {
                std::get<document::Mapping>(parameters.node).push_back(entry);
            }
        }
        read_parameters(link, parameters, ParameterStyle::version1, reading);
    }
    if (link.kind == LinkKind::vlan) {
        link.vlan_id = text::to_number(text_of(item.find("vlan_id"))).value_or(0);
        link.vlan_link = names.of[text_of(item.find("vlan_link"))];
    }
    reading.config.links.push_back(std::move(link));
}

} // namespace

void read_openstack(const Value& root, NetworkReading& reading) {
    Names names;
    // Cards first, so that bonds and VLANs find the names of what they are made of; then bonds, then VLANs.
    for (const auto* const stage : {"", "bond", "vlan"}) {
        for (const auto& item : list_of(root, "links")) {
            const auto type = text_of(item.find("type"));
            const bool made = type == "bond" || type == "vlan";
            if (item.mapping() != nullptr && (made ? type : "") == std::string_view(stage)) {
                read_link(item, type, names, reading);
            }
        }
    }
    for (const auto& network : list_of(root, "networks")) {
        const auto found = names.of.find(text_of(network.find("link")));
        const auto link = found == names.of.end()
                              ? reading.config.links.end()
                              : std::ranges::find(reading.config.links, found->second, &NetworkLink::id);
        if (link == reading.config.links.end()) {
            reading.faults.add(network.position, text::format("a network names the link '{}', which is not described",
                                                              text_of(network.find("link"))));
            continue;
        }
        read_network(*link, network, reading);
    }
    for (auto& link : reading.config.links) {
        if (link.dhcp4 || link.dhcp6 || !link.addresses.empty()) { add_dns(link.nameservers, root); }
    }
}

} // namespace ingot::cloud_init
