// The keys of postgres: that are not about parameters, users and databases.
#include <algorithm>
#include <array>
#include <chrono>

#include "cloud-init/userdata/rules.hpp"
#include "cloud-init/userdata/sections.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;

namespace {

constexpr std::array<std::pair<std::string_view, Synchronous>, 4> kSynchronous = {{{"off", Synchronous::off},
                                                                                   {"on", Synchronous::on},
                                                                                   {"strict", Synchronous::strict},
                                                                                   {"quorum", Synchronous::quorum}}};
constexpr std::array<std::pair<std::string_view, Failover>, 3> kFailover = {
    {{"fast", Failover::fast}, {"normal", Failover::normal}, {"wide", Failover::wide}}};

/// Why a line may not stand in pg_hba.conf; nothing if it may.
std::optional<std::string> why_no_hba(const std::string& line) {
    const bool printable = std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7F; });
    if (!printable || line.find('#') != std::string::npos) {
        return "expected one line of printable ASCII without '#'";
    }
    std::vector<std::string> words;
    for (const auto& word : text::split(line, ' ')) {
        if (!word.empty()) { words.push_back(word); }
    }
    constexpr std::size_t kFewest = 5;
    if (words.empty() || words.front() != "hostssl") {
        return "expected 'hostssl DATABASE USER ADDRESS METHOD': TLS is always on";
    }
    if (words.size() < kFewest) { return "expected 'hostssl DATABASE USER ADDRESS METHOD'"; }
    if (words[1].find("replication") != std::string::npos) {
        return "replication is for the cluster's own nodes, by certificate";
    }
    // The mask may stand apart from the address.
    const bool masked = Address::parse(words[4]).has_value() && words.size() > kFewest;
    const auto& method = words[masked ? 5 : 4];
    constexpr std::array<std::string_view, 5> kMethods = {"scram-sha-256", "cert", "ldap", "radius", "reject"};
    if (std::ranges::find(kMethods, method) == kMethods.end()) {
        return text::format("the method '{}' is not one of scram-sha-256, cert, ldap, radius, reject", method);
    }
    return std::nullopt;
}

struct Unit {
    std::string_view name;
    std::chrono::seconds length;
};
constexpr std::array<Unit, 5> kUnits = {{{"d", std::chrono::days(1)},
                                         {"h", std::chrono::hours(1)},
                                         {"min", std::chrono::minutes(1)},
                                         {"m", std::chrono::minutes(1)},
                                         {"s", std::chrono::seconds(1)}}};

} // namespace

Synchronous read_synchronous(Fields& fields) {
    const auto word = fields.choice("synchronous", {"off", "on", "strict", "quorum"}).value_or("off");
    return synchronous_from(word).value_or(Synchronous::off);
}

std::optional<Synchronous> synchronous_from(std::string_view word) {
    const auto* const found = std::ranges::find(kSynchronous, word, [](const auto& pair) { return pair.first; });
    return found == kSynchronous.end() ? std::nullopt : std::optional(found->second);
}

std::string_view to_string(Synchronous synchronous) {
    const auto* const found =
        std::ranges::find(kSynchronous, synchronous, [](const auto& pair) { return pair.second; });
    return found == kSynchronous.end() ? "off" : found->first;
}

Failover read_failover(Fields& fields) {
    const auto word = fields.choice("failover", {"fast", "normal", "wide"}).value_or("fast");
    const auto* const found = std::ranges::find(kFailover, word, [](const auto& pair) { return pair.first; });
    return found == kFailover.end() ? Failover::fast : found->second;
}

std::string_view to_string(Failover failover) {
    const auto* const found = std::ranges::find(kFailover, failover, [](const auto& pair) { return pair.second; });
    return found == kFailover.end() ? "fast" : found->first;
}

std::vector<std::string> read_hba(Fields& fields) {
    const Value* section = fields.optional("hba");
    if (section == nullptr) { return {}; }
    auto lines = fields.texts("hba").value_or(std::vector<std::string>{});
    for (std::size_t index = 0; index < lines.size(); ++index) {
        if (const auto reason = why_no_hba(lines[index])) {
            fields.faults().add((*section->sequence())[index].position,
                                text::format("{}[{}]: {}", fields.path("hba"), index, *reason),
                                "as in hostssl app app 192.0.2.0/24 scram-sha-256");
        }
    }
    return lines;
}

std::vector<std::string> read_extensions(Fields& fields) {
    const Value* section = fields.optional("extensions");
    if (section == nullptr) { return {}; }
    auto names = fields.texts("extensions").value_or(std::vector<std::string>{});
    for (std::size_t index = 0; index < names.size(); ++index) {
        if (is_database_name(names[index])) { continue; }
        fields.faults().add(
            (*section->sequence())[index].position,
            text::format("{}[{}]: '{}' cannot name an extension", fields.path("extensions"), index, names[index]));
    }
    return names;
}

std::optional<std::chrono::seconds> duration_from(std::string_view text) {
    const auto end = text.find_first_not_of("0123456789");
    if (end == 0 || end == std::string_view::npos || end > 6) { return std::nullopt; }
    const auto unit = text.substr(end);
    const auto* const found = std::ranges::find(kUnits, unit, &Unit::name);
    const auto number = text::to_number(text.substr(0, end));
    if (found == kUnits.end() || !number || *number < 1) { return std::nullopt; }
    return found->length * *number;
}

std::optional<std::chrono::seconds> read_duration(Fields& fields, std::string_view key) {
    const auto written = fields.text(key);
    if (!written) { return std::nullopt; }
    const auto duration = duration_from(*written);
    if (!duration) {
        fault_at(fields, key, text::format("'{}' is no duration", *written), "as in 30s, 10min, 1h, 2d");
    }
    return duration;
}

std::string duration_text(std::chrono::seconds duration) {
    for (const auto& unit : kUnits) {
        if (duration % unit.length == std::chrono::seconds(0)) {
            return text::format("{}{}", duration / unit.length, unit.name);
        }
    }
    return text::format("{}s", duration.count());
}

} // namespace ingot::cloud_init
