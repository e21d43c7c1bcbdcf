// Parameters of bonds and bridges: three spellings of the same things.
#include <algorithm>
#include <array>

#include "cloud-init/network/reader.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

enum class Form { plain, milliseconds, list, flag };

struct Parameter {
    std::string_view netplan;
    std::string_view version1; ///< behind "bond-" or "bridge_", '_' written as '-'
    std::string_view networkd;
    Form form = Form::plain;
};

constexpr std::array<Parameter, 20> kBond = {{
    {"mode", "mode", "Mode"},
    {"lacp-rate", "lacp-rate", "LACPTransmitRate"},
    {"mii-monitor-interval", "miimon", "MIIMonitorSec", Form::milliseconds},
    {"min-links", "min-links", "MinLinks"},
    {"transmit-hash-policy", "xmit-hash-policy", "TransmitHashPolicy"},
    {"ad-select", "ad-select", "AdSelect"},
    {"all-members-active", "all-slaves-active", "AllSlavesActive", Form::flag},
    {"all-slaves-active", "all-members-active", "AllSlavesActive", Form::flag},
    {"arp-interval", "arp-interval", "ARPIntervalSec", Form::milliseconds},
    {"arp-ip-targets", "arp-ip-target", "ARPIPTargets", Form::list},
    {"arp-validate", "arp-validate", "ARPValidate"},
    {"arp-all-targets", "arp-all-targets", "ARPAllTargets"},
    {"up-delay", "updelay", "UpDelaySec", Form::milliseconds},
    {"down-delay", "downdelay", "DownDelaySec", Form::milliseconds},
    {"fail-over-mac-policy", "fail-over-mac", "FailOverMACPolicy"},
    {"gratuitous-arp", "num-grat-arp", "GratuitousARP"},
    {"packets-per-member", "packets-per-slave", "PacketsPerSlave"},
    {"primary-reselect-policy", "primary-reselect", "PrimaryReselectPolicy"},
    {"resend-igmp", "resend-igmp", "ResendIGMP"},
    {"learn-packet-interval", "lp-interval", "LearnPacketIntervalSec"},
}};

constexpr std::array<Parameter, 6> kBridge = {{
    {"ageing-time", "ageing", "AgeingTimeSec"},
    {"priority", "bridgeprio", "Priority"},
    {"forward-delay", "fd", "ForwardDelaySec"},
    {"hello-time", "hello", "HelloTimeSec"},
    {"max-age", "maxage", "MaxAgeSec"},
    {"stp", "stp", "STP", Form::flag},
}};

std::string formatted(Form form, const document::Value& value) {
    if (form == Form::list) {
        std::vector<std::string> all;
        for (const auto& item : texts_of(&value)) {
            for (const auto& part : text::split(item, ',')) { all.emplace_back(text::trim(part)); }
        }
        return text::join(all, " ");
    }
    auto text = text_of(&value);
    if (form == Form::milliseconds && text::to_number(text)) { return text + "ms"; }
    if (form == Form::flag) {
        const auto word = text::lower(text);
        return word == "true" || word == "yes" || word == "on" || word == "1" ? "true" : "false";
    }
    return text;
}

/// {member: number}, or version 1's "member number" or list of them.
std::map<std::string, std::string> by_member(const document::Value& value) {
    std::map<std::string, std::string> result;
    if (value.mapping() != nullptr) {
        for (const auto& entry : *value.mapping()) { result[entry.key] = text_of(&entry.value); }
    }
    for (const auto& item : texts_of(&value)) {
        const auto parts = text::split(item, ' ');
        if (parts.size() == 2) { result[parts[0]] = parts[1]; }
    }
    return result;
}

/// v1 writes "bond-mode", "bond_mode" or "mode".
std::string plain_name(std::string_view key, ParameterStyle style, LinkKind kind) {
    auto name = std::string(key);
    if (style == ParameterStyle::netplan) { return name; }
    name = text::replace_all(std::move(name), "_", "-");
    const std::string_view prefix = kind == LinkKind::bond ? "bond-" : "bridge-";
    return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

template <std::size_t Count>
const Parameter* find(const std::array<Parameter, Count>& table, std::string_view name, ParameterStyle style) {
    for (const auto& parameter : table) {
        if (name == (style == ParameterStyle::netplan ? parameter.netplan : parameter.version1)) {
            return &parameter;
        }
    }
    return nullptr;
}

/// What is no parameter of the whole, but of its members. True if it was one.
bool read_member_parameter(NetworkLink& link, const std::string& name, const document::Value& value) {
    if (link.kind == LinkKind::bond && name == "primary") {
        link.primary_member = text_of(&value);
        return true;
    }
    if (link.kind == LinkKind::bond && name == "slaves") { return true; } // the same as bond_interfaces
    if (link.kind == LinkKind::bridge && (name == "path-cost" || name == "pathcost")) {
        link.member_costs = by_member(value);
        return true;
    }
    if (link.kind == LinkKind::bridge && (name == "port-priority" || name == "portprio")) {
        link.member_priorities = by_member(value);
        return true;
    }
    return false;
}

} // namespace

void read_parameters(NetworkLink& link, const document::Value& parameters, ParameterStyle style,
                     NetworkReading& reading) {
    if (parameters.mapping() == nullptr) { return; }
    for (const auto& entry : *parameters.mapping()) {
        const auto name = plain_name(entry.key, style, link.kind);
        if (read_member_parameter(link, name, entry.value)) { continue; }
        const auto* const parameter =
            link.kind == LinkKind::bond ? find(kBond, name, style) : find(kBridge, name, style);
        if (parameter == nullptr) {
            reading.warn(entry.position, text::format("{}: parameter '{}' is not applied", link.id, entry.key));
            continue;
        }
        auto value = formatted(parameter->form, entry.value);
        if (value.find_first_of("\n\r") != std::string::npos) {
            reading.faults.add(entry.position, text::format("{}: '{}' has to be one line", link.id, entry.key));
            continue;
        }
        link.parameters.emplace_back(parameter->networkd, std::move(value));
    }
    // netplan's default, once anything is said about the bridge.
    const bool says_stp = std::ranges::any_of(link.parameters, [](const auto& pair) { return pair.first == "STP"; });
    if (link.kind == LinkKind::bridge && !link.parameters.empty() && !says_stp) {
        link.parameters.emplace_back("STP", "true");
    }
}

} // namespace ingot::cloud_init
