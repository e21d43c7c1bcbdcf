// network-config version 2, which is netplan's: mappings of interfaces by id.
#include "cloud-init/network/reader.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;

namespace {

constexpr std::int64_t kLargestNumber = 4'294'967'295;

const std::vector<std::string> kV2LinkKeys = {"match",
                                              "set-name",
                                              "macaddress",
                                              "dhcp4",
                                              "dhcp6",
                                              "dhcp4-overrides",
                                              "dhcp6-overrides",
                                              "addresses",
                                              "gateway4",
                                              "gateway6",
                                              "nameservers",
                                              "routes",
                                              "routing-policy",
                                              "mtu",
                                              "ipv6-mtu",
                                              "optional",
                                              "accept-ra",
                                              "wakeonlan",
                                              "link-local",
                                              "dhcp-identifier",
                                              "ipv6-privacy",
                                              "interfaces",
                                              "parameters",
                                              "id",
                                              "link",
                                              "ignore-carrier",
                                              "renderer",
                                              "critical",
                                              "optional-addresses"};

std::optional<std::string> address_text(Fields& fields, std::string_view key) {
    auto text = fields.text(key);
    if (text && !is_ip_address(*text)) {
        fields.faults().add(fields.value().find(key)->position,
                            text::format("{}: '{}' is no address", fields.path(key), *text));
        return std::nullopt;
    }
    return text;
}

/// A word that ends up in a file: one line.
std::string word(Fields& fields, std::string_view key) {
    auto text = fields.text(key).value_or("");
    if (text.find_first_of("\r\n") != std::string::npos) {
        fields.faults().add(fields.value().find(key)->position, text::format("{}: one line only", fields.path(key)));
        return {};
    }
    return text;
}

DhcpOverrides read_overrides(const Value* value, const std::string& where, NetworkReading& reading) {
    DhcpOverrides overrides;
    if (value == nullptr) { return overrides; }
    Fields fields(*value, where, reading.faults);
    overrides.use_dns = fields.flag("use-dns");
    overrides.use_ntp = fields.flag("use-ntp");
    overrides.use_mtu = fields.flag("use-mtu");
    overrides.use_routes = fields.flag("use-routes");
    overrides.use_hostname = fields.flag("use-hostname");
    overrides.send_hostname = fields.flag("send-hostname");
    if (auto name = word(fields, "hostname"); !name.empty()) { overrides.hostname = std::move(name); }
    if (const auto* domains = fields.optional("use-domains")) {
        const auto text = text::lower(text_of(domains));
        overrides.use_domains = text == "route"                                   ? "route"
                                : text == "true" || text == "yes" || text == "on" ? "true"
                                                                                  : "false";
    }
    overrides.route_metric = fields.number("route-metric", 0, kLargestNumber);
    reading.warn_of_others(*value, where,
                           {"use-dns", "use-ntp", "use-mtu", "use-routes", "use-hostname", "send-hostname",
                            "hostname", "use-domains", "route-metric"});
    return overrides;
}

void read_match(NetworkLink& link, const Value* match, NetworkReading& reading) {
    if (match == nullptr) { return; }
    Fields fields(*match, link.id + ".match", reading.faults);
    link.match_mac = text::lower(fields.text("macaddress").value_or(""));
    if (!link.match_mac.empty() && !is_mac_address(link.match_mac)) {
        reading.faults.add(match->position, text::format("{}: '{}' is no hardware address (quotes around it?)",
                                                         link.id, link.match_mac));
    }
    if (auto name = word(fields, "name"); !name.empty()) { link.match_names.push_back(std::move(name)); }
    link.match_drivers = texts_of(fields.optional("driver"));
    for (const auto& text : link.match_drivers) {
        if (text.find_first_of(" \r\n") != std::string::npos) {
            reading.faults.add(match->position, text::format("{}: '{}' is no driver", link.id, text));
        }
    }
    if (link.match_mac.empty() && link.match_names.empty() && link.match_drivers.empty()) {
        link.match_names.emplace_back("*"); // an empty match means every card
    }
    reading.warn_of_others(*match, link.id + ".match", {"macaddress", "name", "driver"});
}

void read_addresses(NetworkLink& link, const Value* list, NetworkReading& reading) {
    if (list == nullptr) { return; }
    if (list->sequence() == nullptr) {
        reading.faults.add(list->position, text::format("{}.addresses: expected a list", link.id));
        return;
    }
    for (const auto& item : *list->sequence()) {
        // {10.0.0.5/24: {label: x}}: the options are left out.
        const auto* const entries = item.mapping();
        const auto text = entries != nullptr && entries->size() == 1 ? entries->front().key : text_of(&item);
        if (text.find('/') == std::string::npos) {
            reading.faults.add(item.position, text::format("{}: '{}' needs its prefix length", link.id, text),
                               "as in 10.0.0.5/24");
        } else if (auto address = read_cidr(item, text, {}, reading.faults)) {
            link.addresses.push_back(*std::move(address));
        }
    }
}

void read_route(NetworkLink& link, const Value& item, NetworkReading& reading) {
    const auto where = link.id + ".routes";
    Fields fields(item, where, reading.faults);
    Route route;
    route.via = address_text(fields, "via").value_or("");
    auto to = read_destination(item, fields.required_text("to"), {}, route.via, reading.faults);
    if (!to) { return; }
    route.to = *std::move(to);
    route.metric = fields.number("metric", 0, kLargestNumber);
    route.table = fields.number("table", 1, kLargestNumber);
    route.mtu = fields.number("mtu", 1, kLargestNumber);
    route.on_link = fields.flag("on-link").value_or(false);
    route.from = address_text(fields, "from").value_or("");
    route.type = fields
                     .choice("type", {"unicast", "anycast", "blackhole", "broadcast", "local", "multicast", "nat",
                                      "prohibit", "throw", "unreachable", "xresolve"})
                     .value_or("");
    route.scope = fields.choice("scope", {"global", "link", "host"}).value_or("");
    reading.warn_of_others(item, where, {"to", "via", "metric", "table", "mtu", "on-link", "from", "type", "scope"});
    link.routes.push_back(std::move(route));
}

void read_rule(NetworkLink& link, const Value& item, NetworkReading& reading) {
    const auto where = link.id + ".routing-policy";
    Fields fields(item, where, reading.faults);
    PolicyRule rule;
    for (auto [key, target] : {std::pair{"from", &rule.from}, std::pair{"to", &rule.to}}) {
        if (const auto text = fields.text(key)) {
            if (auto network = read_destination(item, *text, {}, {}, reading.faults)) {
                *target = *std::move(network);
            }
        }
    }
    rule.table = fields.number("table", 1, kLargestNumber);
    rule.priority = fields.number("priority", 0, kLargestNumber);
    rule.mark = fields.number("mark", 0, kLargestNumber);
    reading.warn_of_others(item, where, {"from", "to", "table", "priority", "mark"});
    link.rules.push_back(std::move(rule));
}

template <typename Read>
void each(const Value* list, const std::string& where, NetworkReading& reading, Read&& read) {
    if (list == nullptr) { return; }
    if (list->sequence() == nullptr) {
        reading.faults.add(list->position, where + ": expected a list");
        return;
    }
    for (const auto& item : *list->sequence()) { read(item); }
}

void read_nameservers(NetworkLink& link, const Value* value, NetworkReading& reading) {
    if (value == nullptr) { return; }
    Fields fields(*value, link.id + ".nameservers", reading.faults);
    link.nameservers = texts_of(fields.optional("addresses"));
    link.search = texts_of(fields.optional("search"));
    for (const auto& server : link.nameservers) {
        if (!is_ip_address(server)) {
            reading.faults.add(value->position,
                               text::format("{}: the name server '{}' is no address", link.id, server));
        }
    }
    for (const auto& domain : link.search) {
        if (domain.empty() || domain.find_first_of(" \r\n") != std::string::npos) {
            reading.faults.add(value->position, text::format("{}: '{}' is no domain", link.id, domain));
        }
    }
}

void read_common(NetworkLink& link, Fields& fields, NetworkReading& reading) {
    link.mac = text::lower(fields.text("macaddress").value_or(""));
    if (!link.mac.empty() && !is_mac_address(link.mac)) {
        reading.faults.add(fields.value().find("macaddress")->position,
                           text::format("{}: '{}' is no hardware address (quotes around it?)", link.id, link.mac));
    }
    link.dhcp4 = fields.flag("dhcp4").value_or(false);
    link.dhcp6 = fields.flag("dhcp6").value_or(false);
    link.overrides4 = read_overrides(fields.optional("dhcp4-overrides"), link.id + ".dhcp4-overrides", reading);
    link.overrides6 = read_overrides(fields.optional("dhcp6-overrides"), link.id + ".dhcp6-overrides", reading);
    link.dhcp_identifier = fields.choice("dhcp-identifier", {"mac", "duid"}).value_or("");
    link.accept_ra = fields.flag("accept-ra");
    link.ipv6_privacy = fields.flag("ipv6-privacy").value_or(false);
    if (const auto* local = fields.value().find("link-local"); local != nullptr) {
        fields.ignore("link-local");
        link.link_local = texts_of(local);
    }
    read_addresses(link, fields.optional("addresses"), reading);
    read_nameservers(link, fields.optional("nameservers"), reading);
    for (const auto* const key : {"gateway4", "gateway6"}) {
        if (auto gateway = address_text(fields, key)) {
            link.routes.push_back({.to = is_ipv6(*gateway) ? "::/0" : "0.0.0.0/0", .via = *gateway});
        }
    }
    each(fields.optional("routes"), link.id + ".routes", reading,
         [&](const Value& item) { read_route(link, item, reading); });
    each(fields.optional("routing-policy"), link.id + ".routing-policy", reading,
         [&](const Value& item) { read_rule(link, item, reading); });
    constexpr std::int64_t kLargestMtu = 65535;
    link.mtu = fields.number("mtu", 68, kLargestMtu);
    link.ipv6_mtu = fields.number("ipv6-mtu", 1280, kLargestMtu);
    link.optional = fields.flag("optional").value_or(false);
    link.wake_on_lan = fields.flag("wakeonlan").value_or(false);
    link.ignore_carrier = fields.flag("ignore-carrier").value_or(false);
}

void read_link(const document::Entry& entry, LinkKind kind, NetworkReading& reading) {
    NetworkLink link{.kind = kind, .id = entry.key};
    constexpr std::size_t kLongestId = 64;
    const bool matched = kind == LinkKind::ethernet && entry.value.find("match") != nullptr;
    if (matched ? !is_interface_name(link.id, kLongestId) : !is_interface_name(link.id)) {
        reading.faults.add(entry.position, text::format("'{}' is no name of an interface", link.id));
        return;
    }
    Fields fields(entry.value, link.id, reading.faults);
    reading.warn_of_others(entry.value, link.id, kV2LinkKeys);
    read_common(link, fields, reading);
    if (kind == LinkKind::ethernet) {
        read_match(link, fields.optional("match"), reading);
        link.set_name = word(fields, "set-name");
        if (!link.set_name.empty() && (!is_interface_name(link.set_name) || link.match_mac.empty())) {
            reading.faults.add(entry.position, text::format("{}: set-name needs a name of an interface and "
                                                            "match.macaddress",
                                                            link.id));
        }
    }
    if (kind == LinkKind::bond || kind == LinkKind::bridge) {
        link.members = texts_of(fields.optional("interfaces"));
        if (const auto* parameters = fields.optional("parameters")) {
            read_parameters(link, *parameters, ParameterStyle::netplan, reading);
        }
    }
    if (kind == LinkKind::vlan) {
        constexpr std::int64_t kLargestVlan = 4094;
        if (fields.required("id") != nullptr) { link.vlan_id = fields.number("id", 0, kLargestVlan).value_or(0); }
        link.vlan_link = fields.required_text("link");
    }
    reading.config.links.push_back(std::move(link));
}

} // namespace

void read_v2(const Value& root, NetworkReading& reading) {
    using Section = std::pair<const char*, LinkKind>;
    for (const auto& [name, kind] : {Section{"ethernets", LinkKind::ethernet}, Section{"bonds", LinkKind::bond},
                                     Section{"bridges", LinkKind::bridge}, Section{"vlans", LinkKind::vlan}}) {
        const auto* const section = root.find(name);
        if (section == nullptr || section->is_null()) { continue; }
        if (section->mapping() == nullptr) {
            reading.faults.add(section->position, text::format("{}: expected a mapping", name));
            continue;
        }
        for (const auto& entry : *section->mapping()) { read_link(entry, kind, reading); }
    }
    reading.warn_of_others(root, "network",
                           {"version", "renderer", "ethernets", "bonds", "bridges", "vlans", "config"});
}

} // namespace ingot::cloud_init
