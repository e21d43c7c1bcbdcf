#include "firstboot/proxy/members.hpp"

#include <algorithm>
#include <limits>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::proxy {

namespace {

bool is_address(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f') || letter == '.' || letter == ':';
    });
}

} // namespace

std::optional<Endpoint> endpoint_from_url(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) { return std::nullopt; }
    auto rest = url.substr(scheme + 3);
    rest = rest.substr(0, rest.find('/'));
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) { rest.remove_prefix(at + 1); }
    const auto colon = rest.rfind(':');
    if (colon == std::string_view::npos) { return std::nullopt; }
    auto host = rest.substr(0, colon);
    if (host.starts_with('[') && host.ends_with(']')) { host = host.substr(1, host.size() - 2); }
    const auto port = text::to_number(rest.substr(colon + 1));
    constexpr int kLastPort = 65535;
    if (!is_address(host) || !port || *port < 1 || *port > kLastPort) { return std::nullopt; }
    return Endpoint{.address = std::string(host), .port = static_cast<int>(*port)};
}

std::optional<Endpoint> leader_from(const std::vector<KeyValue>& entries, std::string_view prefix) {
    const auto at = [&entries](const std::string& key) { return std::ranges::find(entries, key, &KeyValue::key); };
    const auto leader = at(text::format("{}leader", prefix));
    if (leader == entries.end()) { return std::nullopt; }
    const auto member = at(text::format("{}members/{}", prefix, leader->value));
    if (member == entries.end()) { return std::nullopt; }
    const auto found = members_from({*member});
    return found.empty() ? std::nullopt : std::optional(found.front());
}

std::vector<Endpoint> members_from(const std::vector<KeyValue>& entries) {
    std::vector<Endpoint> members;
    for (const auto& entry : entries) {
        const auto value = json::parse(entry.value);
        const auto url = value ? json::string_at(*value, "conn_url") : std::nullopt;
        const auto endpoint = url ? endpoint_from_url(*url) : std::nullopt;
        if (endpoint && std::ranges::find(members, *endpoint) == members.end()) { members.push_back(*endpoint); }
    }
    return members;
}

std::optional<int> max_connections_from(std::string_view config) {
    const auto value = json::parse(config);
    if (!value) { return std::nullopt; }
    const auto& parameters = json::member(json::member(*value, "postgresql"), "parameters");
    const auto number = json::number_at(parameters, "max_connections");
    if (!number || *number < 1 || *number > std::numeric_limits<int>::max()) { return std::nullopt; }
    return static_cast<int>(*number);
}

} // namespace ingot::firstboot::proxy
