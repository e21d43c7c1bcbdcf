// ingot.firewall, in user-data and in cluster.yaml: what may reach a node beside what its role needs.
#include "cloud-init/userdata/sections.hpp"

#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;

std::vector<std::string> read_networks(Fields& fields, std::string_view key) {
    const Value* section = fields.optional(key);
    if (section == nullptr) { return {}; }
    auto networks = fields.texts(key).value_or(std::vector<std::string>{});
    for (std::size_t index = 0; index < networks.size(); ++index) {
        const auto network = Network::parse(networks[index]);
        if (network && network->written() == network->first()) {
            networks[index] = network->to_string();
            continue;
        }
        fields.faults().add((*section->sequence())[index].position,
                            text::format("{}[{}]: '{}' is no network", fields.path(key), index, networks[index]),
                            network ? text::format("did you mean '{}'?", network->to_string()) : "as in 10.0.0.0/24");
    }
    return networks;
}

void write_networks(document::Writer& writer, std::string_view key, const std::vector<std::string>& networks) {
    if (networks.empty()) { return; }
    writer.key(key).begin_sequence();
    for (const auto& network : networks) { writer.text(network); }
    writer.end_sequence();
}

void read_firewall(const Value* section, std::string where, FirewallConfig& firewall, Faults& faults) {
    constexpr int kLastPort = 65535;
    if (section == nullptr) { return; }
    Fields fields(*section, std::move(where), faults);
    firewall.ssh = read_networks(fields, "ssh");
    if (const Value* list = fields.optional("open")) {
        if (list->sequence() == nullptr) {
            fault_at(fields, "open", "expected a list", "as in - {port: 9100, from: [10.0.0.0/24]}");
        } else {
            for (std::size_t index = 0; index < list->sequence()->size(); ++index) {
                Fields item((*list->sequence())[index], text::format("{}[{}]", fields.path("open"), index), faults);
                ExtraPort extra;
                item.required("port");
                extra.port = static_cast<int>(item.number("port", 1, kLastPort).value_or(0));
                extra.protocol = item.choice("protocol", {"tcp", "udp"}).value_or(extra.protocol);
                extra.from = read_networks(item, "from");
                item.finish();
                firewall.open.push_back(std::move(extra));
            }
        }
    }
    fields.finish();
}

void write_firewall(document::Writer& writer, const FirewallConfig& firewall) {
    if (firewall.ssh.empty() && firewall.open.empty()) { return; }
    writer.key("firewall").begin_mapping();
    write_networks(writer, "ssh", firewall.ssh);
    if (!firewall.open.empty()) {
        writer.key("open").begin_sequence();
        for (const auto& extra : firewall.open) {
            writer.begin_mapping().entry("port", extra.port).entry("protocol", extra.protocol);
            write_networks(writer, "from", extra.from);
            writer.end_mapping();
        }
        writer.end_sequence();
    }
    writer.end_mapping();
}

} // namespace ingot::cloud_init
