#include "builder/publish/hetzner/wire.hpp"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "common/text/text.hpp"

namespace ingot::builder::publish::hetzner {

namespace {

using json::member;

std::string text_at(const json::Json& object, std::string_view key) {
    return json::string_at(object, key).value_or("");
}

double double_at(const json::Json& object, std::string_view key) {
    const auto& value = member(object, key);
    if (value.is_number()) { return value.get<double>(); }
    double number = 0; // prices are decimal texts
    if (value.is_string()) {
        const auto text = value.get<std::string>();
        std::from_chars(text.data(), text.data() + text.size(), number);
    }
    return number;
}

Labels labels_at(const json::Json& object) {
    Labels labels;
    const auto& value = member(object, "labels");
    if (!value.is_object()) { return labels; }
    for (const auto& [key, label] : value.items()) {
        if (label.is_string()) { labels[key] = label.get<std::string>(); }
    }
    return labels;
}

clock::WallTime created_at(const json::Json& object) {
    return to_time(text_at(object, "created")).value_or(clock::WallTime{});
}

Result<Id> id_of(const json::Json& value, std::string_view what) {
    const auto id = json::number_at(value, "id");
    if (id && *id > 0) { return *id; }
    return fail(ErrorKind::invalid_input, text::format("the answer has no {} in it: {}", what, json::to_line(value)));
}

/// "2001:db8:1:2::/64" → "2001:db8:1:2::1", the address that a server has in its network.
std::string first_address(const std::string& network) {
    const auto slash = network.find('/');
    if (slash == std::string::npos || slash < 2 || network.substr(slash - 2, 2) != "::") {
        return network.substr(0, slash);
    }
    return network.substr(0, slash) + "1";
}

} // namespace

std::optional<clock::WallTime> to_time(std::string_view text) {
    const auto number = [&](std::size_t at, std::size_t digits) -> int {
        const auto value = text.size() < at + digits ? std::nullopt : text::to_number(text.substr(at, digits));
        return value ? static_cast<int>(*value) : -1;
    };
    // "2026-11-28T01:02:03+00:00"; the provider's documentation has times without seconds as well.
    const auto [year, month, day, hour, minute] =
        std::tuple(number(0, 4), number(5, 2), number(8, 2), number(11, 2), number(14, 2));
    const int second = std::max(0, number(17, 2));
    if (year < 0 || month < 0 || day < 0 || hour < 0 || minute < 0) { return std::nullopt; }
    const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (!date.ok()) { return std::nullopt; }
    return clock::WallTime(std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
                           std::chrono::seconds(second));
}

Result<ServerType> to_server_type(const json::Json& value) {
    ServerType type{.name = text_at(value, "name"),
                    .architecture = text_at(value, "architecture"),
                    .disk_gb = json::unsigned_at(value, "disk").value_or(0),
                    .deprecated = json::flag_at(value, "deprecated") || member(value, "deprecation").is_object()};
    if (type.name.empty()) { return fail(ErrorKind::invalid_input, "a server type without a name"); }
    std::map<std::string, double> prices;
    for (const auto& price : member(value, "prices")) {
        prices[text_at(price, "location")] = double_at(member(price, "price_hourly"), "gross");
    }
    const auto& locations = member(value, "locations");
    for (const auto& location : locations) {
        const auto name = text_at(location, "name");
        const auto& available = member(location, "available");
        type.offers.push_back({.location = name,
                               .available = (!available.is_boolean() || available.get<bool>()) &&
                                            !member(location, "deprecation").is_object(),
                               .price_per_hour = prices.contains(name) ? prices[name] : 0});
    }
    if (!locations.is_array()) { // the API before September 2025
        for (const auto& [name, price] : prices) {
            type.offers.push_back({.location = name, .price_per_hour = price});
        }
    }
    return type;
}

Result<Server> to_server(const json::Json& value) {
    INGOT_ASSIGN(const auto id, id_of(value, "server"), "");
    const auto& net = member(value, "public_net");
    return Server{.id = id,
                  .name = text_at(value, "name"),
                  .status = text_at(value, "status"),
                  .rescue_enabled = json::flag_at(value, "rescue_enabled"),
                  .locked = json::flag_at(value, "locked"),
                  .ipv4 = text_at(member(net, "ipv4"), "ip"),
                  .ipv6 = first_address(text_at(member(net, "ipv6"), "ip")),
                  .location = text_at(member(value, "location"), "name"),
                  .created = created_at(value),
                  .labels = labels_at(value)};
}

Result<Snapshot> to_snapshot(const json::Json& value) {
    INGOT_ASSIGN(const auto id, id_of(value, "image"), "");
    return Snapshot{.id = id,
                    .name = text_at(value, "name"),
                    .status = text_at(value, "status"),
                    .type = text_at(value, "type"),
                    .description = text_at(value, "description"),
                    .architecture = text_at(value, "architecture"),
                    .os_flavor = text_at(value, "os_flavor"),
                    .stored_gb = double_at(value, "image_size"),
                    .disk_gb = double_at(value, "disk_size"),
                    .is_protected = json::flag_at(member(value, "protection"), "delete"),
                    .deprecated = member(value, "deprecated").is_string(),
                    .created = created_at(value),
                    .labels = labels_at(value)};
}

Result<SshKey> to_ssh_key(const json::Json& value) {
    INGOT_ASSIGN(const auto id, id_of(value, "ssh key"), "");
    return SshKey{.id = id, .name = text_at(value, "name"), .created = created_at(value), .labels = labels_at(value)};
}

Result<Action> to_action(const json::Json& value) {
    INGOT_ASSIGN(const auto id, id_of(value, "action"), "");
    const auto& error = member(value, "error");
    return Action{.id = id,
                  .status = text_at(value, "status"),
                  .command = text_at(value, "command"),
                  .progress = static_cast<int>(json::number_at(value, "progress").value_or(0)),
                  .error_code = text_at(error, "code"),
                  .error_message = text_at(error, "message")};
}

json::Json to_json(const Labels& labels) {
    auto value = json::Json::object();
    for (const auto& [key, label] : labels) { value[key] = label; }
    return value;
}

} // namespace ingot::builder::publish::hetzner
