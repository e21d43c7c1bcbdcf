// network-config version 1: a list of things, each with its subnets.
#include <algorithm>

#include "cloud-init/network/reader.hpp"
#include "cloud-init/userdata/network.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Value;

namespace {

const std::vector<std::string> kV1LinkKeys = {"type",
                                              "name",
                                              "mac_address",
                                              "mtu",
                                              "accept-ra",
                                              "subnets",
                                              "params",
                                              "bond_interfaces",
                                              "bridge_interfaces",
                                              "vlan_id",
                                              "vlan_link",
                                              "wakeonlan",
                                              "keep_configuration"};
const std::vector<std::string> kSubnetKeys = {"type",       "address", "netmask", "gateway", "dns_nameservers",
                                              "dns_search", "routes",  "metric",  "ipv4",    "ipv6",
                                              "broadcast",  "control", "mtu",     "scope",   "pointopoint"};

bool is_true(const Value* value) {
    const auto word = text::lower(text_of(value));
    return word == "true" || word == "yes" || word == "on";
}

std::optional<std::int64_t> number_of(const Value* value) {
    const auto number = text::to_number(text_of(value));
    return number ? std::optional<std::int64_t>(*number) : std::nullopt;
}

std::optional<Route> read_route(const Value& value, Faults& faults) {
    auto to = text_of(value.find("network"));
    if (to.empty()) { to = text_of(value.find("destination")); }
    if (to.empty()) { to = text_of(value.find("address")); }
    const auto via = text_of(value.find("gateway"));
    if (!via.empty() && !is_ip_address(via)) {
        faults.add(value.position, text::format("the gateway '{}' is no address", via));
        return std::nullopt;
    }
    auto destination = read_destination(value, to, text_of(value.find("netmask")), via, faults);
    if (!destination) { return std::nullopt; }
    return Route{.to = *std::move(destination), .via = via, .metric = number_of(value.find("metric"))};
}

void read_dhcp(NetworkLink& link, const Value& subnet, bool v4, bool v6) {
    link.dhcp4 = link.dhcp4 || v4;
    link.dhcp6 = link.dhcp6 || v6;
    if (const auto metric = number_of(subnet.find("metric"))) {
        if (v4) { link.overrides4.route_metric = metric; }
        if (v6) { link.overrides6.route_metric = metric; }
    }
}

void read_static(NetworkLink& link, const Value& subnet, Faults& faults) {
    const auto written = text_of(subnet.find("address"));
    auto address = read_cidr(subnet, written, text_of(subnet.find("netmask")), faults);
    if (!address) { return; }
    const auto gateway = text_of(subnet.find("gateway"));
    if (!gateway.empty()) {
        const auto own = Network::parse(*address);
        const auto there = Address::parse(gateway);
        if (!there) {
            faults.add(subnet.position, text::format("the gateway '{}' is no address", gateway));
            return;
        }
        link.routes.push_back({.to = is_ipv6(gateway) ? "::/0" : "0.0.0.0/0",
                               .via = gateway,
                               .metric = number_of(subnet.find("metric")),
                               // A gateway outside the network is reached on the link all the same.
                               .on_link = own && !own->contains(*there)});
    }
    link.addresses.push_back(*std::move(address));
}

void read_subnet(NetworkLink& link, const Value& subnet, NetworkReading& reading) {
    reading.warn_of_others(subnet, link.id + ".subnets", kSubnetKeys);
    auto type = text_of(subnet.find("type"));
    // Hetzner's metadata has subnets without a type.
    if (type.empty()) { type = subnet.find("address") != nullptr ? "static" : "dhcp"; }
    if (type == "dhcp") {
        const bool only6 = is_true(subnet.find("ipv6")) && !is_true(subnet.find("ipv4"));
        read_dhcp(link, subnet, !only6, only6);
    } else if (type == "dhcp4") {
        read_dhcp(link, subnet, true, false);
    } else if (type == "dhcp6" || type == "ipv6_dhcpv6-stateful") {
        read_dhcp(link, subnet, false, true);
    } else if (type == "ipv6_dhcpv6-stateless" || type == "ipv6_slaac") {
        link.accept_ra = true; // the announcement says what is to be asked by DHCP
    } else if (type == "static" || type == "static4" || type == "static6") {
        read_static(link, subnet, reading.faults);
    } else if (type != "manual") {
        reading.faults.add(subnet.position, text::format("{}: '{}' is no type of a subnet", link.id, type));
    }
    if (const auto* routes = subnet.find("routes"); routes != nullptr && routes->sequence() != nullptr) {
        for (const auto& item : *routes->sequence()) {
            if (auto route = read_route(item, reading.faults)) { link.routes.push_back(*std::move(route)); }
        }
    }
    for (auto& server : texts_of(subnet.find("dns_nameservers"))) { link.nameservers.push_back(std::move(server)); }
    for (auto& domain : texts_of(subnet.find("dns_search"))) { link.search.push_back(std::move(domain)); }
}

std::optional<LinkKind> kind_of(std::string_view type) {
    if (type == "physical" || type == "infiniband") { return LinkKind::ethernet; }
    if (type == "bond") { return LinkKind::bond; }
    if (type == "bridge") { return LinkKind::bridge; }
    if (type == "vlan") { return LinkKind::vlan; }
    return std::nullopt;
}

void read_link(const Value& item, LinkKind kind, NetworkReading& reading) {
    NetworkLink link{.kind = kind, .id = text_of(item.find("name"))};
    if (!is_interface_name(link.id)) {
        reading.faults.add(item.position, text::format("'{}' is no name of an interface", link.id));
        return;
    }
    reading.warn_of_others(item, link.id, kV1LinkKeys);
    const auto mac = text::lower(text_of(item.find("mac_address")));
    if (!mac.empty() && !is_mac_address(mac)) {
        reading.faults.add(item.position,
                           text::format("{}: '{}' is no hardware address (quotes around it?)", link.id, mac));
    }
    (kind == LinkKind::ethernet ? link.match_mac : link.mac) = mac;
    link.mtu = number_of(item.find("mtu"));
    if (const auto* accept = item.find("accept-ra"); accept != nullptr && !accept->is_null()) {
        link.accept_ra = is_true(accept);
    }
    link.wake_on_lan = is_true(item.find("wakeonlan"));
    link.members = texts_of(item.find(kind == LinkKind::bond ? "bond_interfaces" : "bridge_interfaces"));
    if (const auto* parameters = item.find("params")) {
        read_parameters(link, *parameters, ParameterStyle::version1, reading);
    }
    if (kind == LinkKind::vlan) {
        link.vlan_id = number_of(item.find("vlan_id")).value_or(-1);
        link.vlan_link = text_of(item.find("vlan_link"));
        if (link.vlan_id < 0 || link.vlan_id > 4094) {
            reading.faults.add(item.position, text::format("{}: vlan_id has to be a number from 0 to 4094", link.id));
        }
    }
    if (const auto* subnets = item.find("subnets"); subnets != nullptr && subnets->sequence() != nullptr) {
        for (const auto& subnet : *subnets->sequence()) { read_subnet(link, subnet, reading); }
    }
    reading.config.links.push_back(std::move(link));
}

bool has_own_addresses(const NetworkLink& link) {
    return link.dhcp4 || link.dhcp6 || !link.addresses.empty() || link.accept_ra.value_or(false);
}

/// Name servers that belong to no interface: to each that has addresses of its own.
void add_global_names(NetworkConfig& config, const Value& item) {
    const auto only = text_of(item.find("interface"));
    for (auto& link : config.links) {
        if (only.empty() ? !has_own_addresses(link) : link.id != only) { continue; }
        for (auto& server : texts_of(item.find("address"))) { link.nameservers.push_back(std::move(server)); }
        for (auto& domain : texts_of(item.find("search"))) { link.search.push_back(std::move(domain)); }
    }
}

/// A route that belongs to no interface: to the one in whose network its gateway is.
void add_global_route(const Value& item, NetworkReading& reading) {
    auto route = read_route(item, reading.faults);
    if (!route) { return; }
    const auto gateway = Address::parse(route->via);
    for (auto& link : reading.config.links) {
        for (const auto& address : link.addresses) {
            const auto network = Network::parse(address);
            if (network && gateway && network->contains(*gateway)) {
                link.routes.push_back(*std::move(route));
                return;
            }
        }
    }
    reading.warn(
        item.position,
        text::format("the route to {} is left out: no interface has an address in the network of its gateway",
                     route->to));
}

} // namespace

void read_v1(const Value& root, NetworkReading& reading) {
    const auto* config = root.find("config");
    if (config == nullptr || config->sequence() == nullptr) {
        reading.faults.add(root.position, "network-config version 1 needs a list 'config'");
        return;
    }
    for (const auto& item : *config->sequence()) {
        const auto type = text_of(item.find("type"));
        if (const auto kind = kind_of(type)) {
            read_link(item, *kind, reading);
        } else if (type != "nameserver" && type != "route" && type != "loopback") {
            reading.faults.add(item.position, text::format("'{}' is no type of network-config version 1", type));
        }
    }
    for (const auto& item : *config->sequence()) {
        const auto type = text_of(item.find("type"));
        if (type == "nameserver") { add_global_names(reading.config, item); }
        if (type == "route") { add_global_route(item, reading); }
    }
}

} // namespace ingot::cloud_init
