#include "firstboot/firewall/firewall.hpp"

#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/node/facts.hpp"

namespace ingot::firstboot {

namespace {

using NodeRole = cloud_init::Role; // Role is the one of firstboot/steps here

bool is_v6(std::string_view network) { return network.find(':') != std::string_view::npos; }

/// "{ a, b }" of one family; empty if there is none.
std::string set_of(const std::vector<std::string>& networks, bool v6) {
    std::vector<std::string> members;
    for (const auto& network : networks) {
        if (is_v6(network) == v6) { members.push_back(network); }
    }
    return members.empty() ? "" : text::format("{{ {} }}", text::join(members, ", "));
}

std::string match_of(const Opening& opening) {
    // By number where nft does not know the name itself: an image has no /etc/protocols.
    if (opening.port == 0) { return text::format("meta l4proto {}", opening.protocol); }
    return text::format("{} dport {}", opening.protocol, opening.port);
}

std::string rules_of(const Opening& opening) {
    if (opening.from.empty()) {
        return text::format("        {} accept comment \"{}\"\n", match_of(opening), opening.what);
    }
    std::string out;
    for (const bool v6 : {false, true}) {
        const auto set = set_of(opening.from, v6);
        if (set.empty()) { continue; }
        out += text::format("        {} saddr {} {} accept comment \"{}\"\n", v6 ? "ip6" : "ip", set,
                            match_of(opening), opening.what);
    }
    return out;
}

} // namespace

std::vector<Opening> openings(const NodeSpec& node, const cloud_init::FirewallConfig& firewall) {
    const auto& config = node.config;
    const std::vector<std::string> nodes = {config.network};
    const auto& clients = firewall.clients.empty() ? nodes : firewall.clients;
    std::vector<Opening> open = {{.what = "ssh", .port = 22, .from = firewall.ssh}};
    const auto add = [&open](std::string what, int port, const std::vector<std::string>& from) {
        open.push_back({.what = std::move(what), .port = port, .from = from});
    };
    // The table: what, port, from where.
    switch (config.role) {
    case NodeRole::etcd:
        add("etcd for clients", 2379, nodes);
        add("etcd for members", 2380, nodes);
        add("the agent for founders", 2381, nodes);
        add("the join service", 2382, nodes);
        add("the view of etcd for proxies", 2383, nodes);
        break;
    case NodeRole::db:
        add("PostgreSQL", 5432, nodes);
        add("Patroni", 8008, nodes);
        add("pgBackRest", 8432, nodes);
        break;
    case NodeRole::proxy:
        add("the primary", config.proxy.primary_port, clients);
        add("replicas", config.proxy.replica_port, clients);
        add("the pool", config.proxy.pool_port, clients);
        add("the pool for reads", config.proxy.read_pool_port, clients);
        add("statistics of HAProxy", 8404, nodes);
        // The address that moves between the proxies.
        if (config.proxy.virtual_address) { open.push_back({.what = "VRRP", .protocol = "112", .from = nodes}); }
        break;
    case NodeRole::backup: add("pgBackRest", 8432, nodes); break;
    }
    add("metrics", 9180, nodes);
    for (const auto& more : firewall.open) {
        open.push_back({.what = "asked for", .protocol = more.protocol, .port = more.port, .from = more.from});
    }
    return open;
}

std::string render_firewall(const std::vector<Opening>& open) {
    std::string out =
        "# Written by ingot-agent at each boot; changes here are lost. ingot.firewall of the user-data adds to it.\n"
        "table inet ingot\n"
        "delete table inet ingot\n"
        "table inet ingot {\n"
        "    chain input {\n"
        "        type filter hook input priority filter; policy drop;\n"
        "        ct state established,related accept\n"
        "        ct state invalid drop\n"
        "        iif \"lo\" accept\n"
        "        icmp type { echo-request, destination-unreachable, time-exceeded, "
        "parameter-problem } accept\n"
        "        meta l4proto 58 accept comment \"ICMPv6\"\n"
        "        udp sport 67 udp dport 68 accept comment \"DHCP\"\n"
        "        ip6 saddr fe80::/10 udp dport 546 accept comment \"DHCPv6\"\n";
    for (const auto& opening : open) { out += rules_of(opening); }
    return out + "    }\n"
                 "}\n";
}

std::string render_shut_out(std::string_view cluster_id, const std::vector<std::string>& addresses) {
    const auto elements = [&](bool v6) {
        const auto set = set_of(addresses, v6);
        return set.empty() ? std::string() : text::format(" elements = {};", set);
    };
    // A packet that goes out is answered by a reset, so that a connection which is there ends when something is sent.
    // The reset seems to come from the other side, by the loopback interface.
    return text::format("# Nodes of cluster {0} that were revoked. Written by ingot-agent; changes here are lost.\n"
                        "table inet ingot-revoked\n"
                        "delete table inet ingot-revoked\n"
                        "table inet ingot-revoked {{\n"
                        "    set revoked {{ type ipv4_addr;{1} }}\n"
                        "    set revoked6 {{ type ipv6_addr;{2} }}\n"
                        "    chain input {{\n"
                        "        type filter hook input priority filter - 5; policy accept;\n"
                        "        iif \"lo\" accept\n"
                        "        ip saddr @revoked drop\n"
                        "        ip6 saddr @revoked6 drop\n"
                        "    }}\n"
                        "    chain output {{\n"
                        "        type filter hook output priority filter - 5; policy accept;\n"
                        "        ip daddr @revoked meta l4proto tcp reject with tcp reset\n"
                        "        ip6 daddr @revoked6 meta l4proto tcp reject with tcp reset\n"
                        "        ip daddr @revoked drop\n"
                        "        ip6 daddr @revoked6 drop\n"
                        "    }}\n"
                        "}}\n",
                        cluster_id, elements(false), elements(true));
}

std::vector<std::string> may_be_shut_out(const NodeSpec& node, const std::vector<std::string>& addresses,
                                         const std::vector<std::string>& etcd_members) {
    std::vector<std::string> allowed;
    for (const auto& address : addresses) {
        if (address == node.address || !in_network(address, node.config.network)) { continue; }
        if (std::ranges::find(etcd_members, address) == etcd_members.end()) { allowed.push_back(address); }
    }
    return allowed;
}

} // namespace ingot::firstboot
