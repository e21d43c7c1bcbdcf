#include <algorithm>
#include <bit>
#include <set>

#include "cloud-init/network/network.hpp"
#include "cloud-init/network/reader.hpp"
#include "cloud-init/userdata/network.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Value;

namespace {

std::string with_prefix(std::string_view address, int prefix) { return text::format("{}/{}", address, prefix); }

/// "255.255.255.0" or "24" → 24.
std::optional<int> prefix_of_mask(std::string_view mask) {
    if (const auto number = text::to_number(mask); number && *number >= 0 && *number <= 128) {
        return static_cast<int>(*number);
    }
    const auto parts = text::split(mask, '.');
    constexpr std::size_t kParts = 4;
    if (parts.size() != kParts) { return std::nullopt; }
    std::uint32_t bits = 0;
    for (const auto& part : parts) {
        const auto byte = text::to_number(part);
        if (!byte || *byte < 0 || *byte > 255) { return std::nullopt; }
        bits = bits << 8U | static_cast<std::uint32_t>(*byte);
    }
    const int ones = std::countl_one(bits);
    if (std::popcount(bits) != ones) { return std::nullopt; }
    return ones;
}

/// Names that two links would share, members that are not there, members of two masters.
void check_links(const Value& root, NetworkReading& reading) {
    std::set<std::string> ids;
    for (const auto& link : reading.config.links) {
        if (!ids.insert(link.id).second) {
            reading.faults.add(root.position, text::format("two interfaces are called '{}'", link.id));
        }
    }
    std::set<std::string> mastered;
    for (const auto& link : reading.config.links) {
        for (const auto& member : link.members) {
            if (!ids.contains(member)) {
                reading.faults.add(root.position,
                                   text::format("'{}' is made of '{}', which is not described", link.id, member));
            }
            if (!mastered.insert(member).second) {
                reading.faults.add(root.position, text::format("'{}' belongs to two bonds or bridges", member));
            }
        }
        if (link.kind == LinkKind::vlan && !ids.contains(link.vlan_link)) {
            reading.faults.add(root.position, text::format("'{}' is a VLAN on '{}', which is not described", link.id,
                                                           link.vlan_link));
        }
    }
}

Result<NetworkConfig> finish(Faults& faults, NetworkConfig config) {
    if (!faults.empty()) { return faults.to_error(); }
    return config;
}

} // namespace

void NetworkReading::warn(const Position& position, std::string_view message) {
    config.warnings.push_back(text::format("{}: {}", position.to_string(), message));
}

void NetworkReading::warn_of_others(const Value& value, std::string_view where,
                                    const std::vector<std::string>& known) {
    if (value.mapping() == nullptr) { return; }
    for (const auto& entry : *value.mapping()) {
        if (std::ranges::find(known, entry.key) != known.end() || entry.key.starts_with('\x01')) { continue; }
        const auto near = text::nearest(entry.key, known);
        warn(entry.position, text::format("'{}.{}' is not applied{}", where, entry.key,
                                          near ? text::format(" (did you mean '{}'?)", *near) : ""));
    }
}

bool is_ip_address(std::string_view text) { return Address::parse(text).has_value(); }

bool is_ipv6(std::string_view text) { return text.find(':') != std::string_view::npos; }

bool is_mac_address(std::string_view text) {
    constexpr std::size_t kLength = 17;
    if (text.size() != kLength) { return false; }
    for (std::size_t index = 0; index < text.size(); ++index) {
        const bool separator = index % 3 == 2;
        if (separator ? text[index] != ':'
                      : std::string_view("0123456789abcdefABCDEF").find(text[index]) == std::string_view::npos) {
            return false;
        }
    }
    return true;
}

bool is_interface_name(std::string_view text, std::size_t longest) {
    return !text.empty() && text.size() <= longest && text != "." && text != ".." &&
           std::ranges::all_of(text, [](char letter) {
               return static_cast<unsigned char>(letter) > 0x20U && static_cast<unsigned char>(letter) < 0x7FU &&
                      letter != '/' && letter != '%';
           });
}

std::vector<std::string> texts_of(const Value* value) {
    std::vector<std::string> texts;
    if (value == nullptr) { return texts; }
    if (value->scalar() != nullptr) { texts.push_back(value->scalar()->text); }
    if (value->sequence() != nullptr) {
        for (const auto& item : *value->sequence()) {
            if (item.scalar() != nullptr) { texts.push_back(item.scalar()->text); }
        }
    }
    return texts;
}

std::string text_of(const Value* value) {
    return value == nullptr || value->scalar() == nullptr ? std::string() : value->scalar()->text;
}

std::optional<std::string> read_cidr(const Value& at, std::string_view address, std::string_view netmask,
                                     Faults& faults) {
    const auto slash = address.find('/');
    const auto bare = address.substr(0, slash);
    constexpr int kPrefix4 = 24;
    constexpr int kPrefix6 = 64;
    std::optional<int> prefix = is_ipv6(bare) ? kPrefix6 : kPrefix4;
    if (slash != std::string_view::npos) {
        prefix = prefix_of_mask(address.substr(slash + 1));
    } else if (!netmask.empty()) {
        prefix = prefix_of_mask(netmask);
        if (!prefix && is_ipv6(netmask)) { prefix = kPrefix6; }
    }
    const int most = is_ipv6(bare) ? 128 : 32;
    if (is_ip_address(bare) && prefix && *prefix <= most) { return with_prefix(bare, *prefix); }
    faults.add(at.position,
               text::format("'{}{}{}' is no address", address, netmask.empty() ? "" : " netmask ", netmask),
               "as in 10.0.0.5/24");
    return std::nullopt;
}

std::optional<std::string> read_destination(const Value& at, std::string_view to, std::string_view netmask,
                                            std::string_view via, Faults& faults) {
    if (to == "default" || (to == "0.0.0.0" && (netmask == "0.0.0.0" || netmask.empty()))) {
        return is_ipv6(via) ? "::/0" : "0.0.0.0/0";
    }
    if (to == "::" && netmask.empty()) { return "::/0"; }
    // A bare address is one host.
    const bool bare = to.find('/') == std::string_view::npos && netmask.empty();
    if (to == "::" && (netmask == "::" || netmask == "0")) { return "::/0"; }
    if (bare && is_ip_address(to)) { return with_prefix(to, is_ipv6(to) ? 128 : 32); }
    return read_cidr(at, to, netmask, faults);
}

Result<NetworkConfig> read_network_config(std::string_view text, std::string_view file) {
    Faults faults;
    NetworkConfig config;
    const auto document = document::parse(text, file, faults);
    const Value* root = document.find("network");
    if (root == nullptr || root->mapping() == nullptr) { root = &document; }
    if (!faults.empty() || document.is_null()) { return finish(faults, std::move(config)); }
    if (root->mapping() == nullptr) {
        faults.add(document.position, text::format("expected a mapping, found {}", document.kind()));
        return faults.to_error();
    }
    NetworkReading reading{.faults = faults, .config = config};
    const auto version = text_of(root->find("version"));
    if (text_of(root->find("config")) == "disabled") {
        config.disabled = true;
    } else if (version == "1") {
        read_v1(*root, reading);
    } else if (version == "2" || (version.empty() && root->find("ethernets") != nullptr)) {
        read_v2(*root, reading);
    } else {
        faults.add(root->position, "this is neither network-config version 1 nor version 2", "version: 2");
    }
    check_links(*root, reading);
    return finish(faults, std::move(config));
}

Result<NetworkConfig> read_network_data(std::string_view text, std::string_view file) {
    Faults faults;
    NetworkConfig config;
    const auto document = document::parse(text, file, faults); // JSON is YAML
    if (!faults.empty() || document.is_null()) { return finish(faults, std::move(config)); }
    NetworkReading reading{.faults = faults, .config = config};
    read_openstack(document, reading);
    check_links(document, reading);
    return finish(faults, std::move(config));
}

} // namespace ingot::cloud_init
