#include <algorithm>
#include <tuple>

#include "common/document/document.hpp"
#include "common/text/text.hpp"
#include "firstboot/datasource/ec2/ec2.hpp"

namespace ingot::firstboot::ec2 {

namespace {

/// "/20" of "10.0.0.0/20".
std::string prefix_of(std::string_view block, std::string_view otherwise) {
    const auto slash = block.find('/');
    return std::string(slash == std::string_view::npos ? otherwise : block.substr(slash));
}

std::vector<std::string> further_addresses(const Interface& interface) {
    std::vector<std::string> addresses;
    for (std::size_t index = 1; index < interface.ipv4.size(); ++index) {
        addresses.push_back(interface.ipv4[index] + prefix_of(interface.ipv4_block, "/32"));
    }
    for (std::size_t index = 1; index < interface.ipv6.size(); ++index) {
        const auto& blocks = interface.ipv6_blocks;
        addresses.push_back(interface.ipv6[index] + prefix_of(blocks.empty() ? "" : blocks.front(), "/128"));
    }
    return addresses;
}

void write_overrides(document::Writer& out, std::string_view key, int metric) {
    out.key(key).begin_mapping().entry("route-metric", metric).end_mapping();
}

} // namespace

std::string network_text(std::vector<Interface> interfaces) {
    constexpr int kMetricStep = 100;
    std::ranges::sort(interfaces, {}, [](const Interface& interface) {
        return std::tuple(interface.network_card, interface.device_number, interface.mac);
    });
    document::Writer out;
    out.begin_mapping().entry("version", 2).key("ethernets").begin_mapping();
    int number = 0;
    for (const auto& interface : interfaces) {
        out.key(text::format("card{}", number++)).begin_mapping();
        out.key("match").begin_mapping().entry("macaddress", interface.mac).end_mapping();
        out.entry("dhcp4", true);
        out.entry("dhcp6", !interface.ipv6.empty());
        if (interfaces.size() > 1) {
            write_overrides(out, "dhcp4-overrides", number * kMetricStep);
            if (!interface.ipv6.empty()) { write_overrides(out, "dhcp6-overrides", number * kMetricStep); }
        }
        if (const auto further = further_addresses(interface); !further.empty()) {
            out.key("addresses").begin_sequence();
            for (const auto& address : further) { out.text(address); }
            out.end_sequence();
        }
        out.end_mapping();
    }
    out.end_mapping().end_mapping();
    return out.finish();
}

} // namespace ingot::firstboot::ec2
