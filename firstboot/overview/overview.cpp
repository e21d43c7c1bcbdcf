#include "firstboot/overview/overview.hpp"

#include <algorithm>
#include <array>

#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::overview {

namespace {

using json::Json;

std::optional<std::string> find(const std::vector<KeyValue>& entries, const std::string& key) {
    const auto found = std::ranges::find(entries, key, &KeyValue::key);
    return found == entries.end() ? std::nullopt : std::optional(found->value);
}

Json parsed(const std::optional<std::string>& text) {
    if (!text) { return {}; }
    auto value = json::parse(*text);
    return value ? *std::move(value) : Json();
}

/// "postgres://10.0.0.21:5432/postgres" or "https://10.0.0.11:2379" → the address.
std::string host_of(std::string_view url) {
    const auto scheme = url.find("://");
    auto rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
    rest = rest.substr(0, rest.find('/'));
    rest = rest.substr(0, rest.rfind(':'));
    if (rest.starts_with('[') && rest.ends_with(']')) { rest = rest.substr(1, rest.size() - 2); }
    return std::string(rest);
}

std::string state_of(const Json& member, bool leads) {
    const auto state = json::string_at(member, "state").value_or("unknown");
    if (leads) {
        const auto role = json::string_at(member, "role").value_or("");
        const auto word = role == "standby_leader" ? "leads as a standby" : "leads";
        return state == "running" ? word : text::format("{}, {}", word, state);
    }
    const auto replication = json::string_at(member, "replication_state").value_or("");
    return state == "running" && !replication.empty() ? replication : state;
}

std::string detail_of(const Json& member, bool leads, std::optional<std::int64_t> newest, bool synchronous) {
    std::vector<std::string> words;
    if (const auto timeline = json::number_at(member, "timeline")) {
        words.push_back(text::format("timeline {}", *timeline));
    }
    const auto position = json::number_at(member, "xlog_location");
    if (!leads && newest && position) {
        const auto lag = std::max<std::int64_t>(0, *newest - *position);
        words.push_back(text::format("lag {}", text::human_bytes(static_cast<unsigned long long>(lag))));
    }
    if (synchronous) { words.emplace_back("synchronous"); }
    const auto& tags = json::member(member, "tags");
    if (json::flag_at(tags, "nofailover")) { words.emplace_back("never leads"); }
    if (json::flag_at(tags, "noloadbalance")) { words.emplace_back("takes no reads"); }
    if (json::flag_at(member, "pending_restart")) { words.emplace_back("has to be restarted"); }
    return text::join(words, ", ");
}

void add_databases(std::vector<Row>& rows, const Sources& sources) {
    const auto prefix = patroni_key(sources.cluster, "");
    const auto leader = find(sources.patroni, prefix + "leader").value_or("");
    const auto newest = json::number_at(parsed(find(sources.patroni, prefix + "status")), "optime");
    const auto sync = parsed(find(sources.patroni, prefix + "sync"));
    const auto standbys = text::split(json::string_at(sync, "sync_standby").value_or(""), ',');
    std::vector<Row> found;
    const auto members = prefix + "members/";
    for (const auto& entry : sources.patroni) {
        if (!entry.key.starts_with(members)) { continue; }
        const auto name = entry.key.substr(members.size());
        const auto member = json::parse(entry.value);
        if (!member) { continue; }
        const bool leads = name == leader;
        const bool synchronous = std::ranges::find(standbys, name) != standbys.end();
        found.push_back({.name = name,
                         .role = "db",
                         .address = host_of(json::string_at(*member, "conn_url").value_or("")),
                         .state = state_of(*member, leads),
                         .detail = detail_of(*member, leads, newest, synchronous)});
    }
    std::ranges::stable_partition(found, [&leader](const Row& row) { return row.name == leader; });
    std::ranges::move(found, std::back_inserter(rows));
}

/// The text on one line, cut off where it gets long.
std::string pad(const std::string& text, std::size_t width) {
    return text.size() >= width ? text : text + std::string(width - text.size(), ' ');
}

} // namespace

std::vector<Row> rows_of(const Sources& sources) {
    std::vector<Row> rows;
    for (const auto& member : sources.etcd) {
        const auto url = member.client_urls.empty() ? (member.peer_urls.empty() ? "" : member.peer_urls.front())
                                                    : member.client_urls.front();
        rows.push_back({.name = member.name.empty() ? "(not started)" : member.name,
                        .role = "etcd",
                        .address = host_of(url),
                        .state = member.learner        ? "learner"
                                 : member.name.empty() ? "added"
                                                       : "member",
                        .detail = {}});
    }
    std::ranges::sort(rows, {}, &Row::name);
    add_databases(rows, sources);
    const auto proxies = ingot_key(sources.cluster, "proxies/");
    for (const auto& entry : sources.ingot) {
        if (!entry.key.starts_with(proxies)) { continue; }
        rows.push_back({.name = entry.key.substr(proxies.size()),
                        .role = "proxy",
                        .address = entry.value,
                        .state = "routes",
                        .detail = {}});
    }
    return rows;
}

std::vector<std::string> remarks_of(const Sources& sources) {
    std::vector<std::string> remarks;
    const auto prefix = patroni_key(sources.cluster, "");
    const auto config = parsed(find(sources.patroni, prefix + "config"));
    if (!find(sources.patroni, prefix + "leader")) { remarks.emplace_back("nobody leads: no writes are taken"); }
    if (!json::member(config, "standby_cluster").is_null()) {
        remarks.emplace_back("a standby of another cluster: no writes are taken until it is promoted");
    }
    if (json::flag_at(config, "pause")) {
        remarks.emplace_back("Patroni is paused: nobody takes over from a leader that dies");
    }
    const auto backup = parsed(find(sources.ingot, ingot_key(sources.cluster, "backup/state")));
    if (const auto first = json::string_at(backup, "first_full"); !first || first->empty()) {
        remarks.emplace_back("there is no full backup yet");
    }
    return remarks;
}

std::string to_screen_text(const std::vector<Row>& rows, const std::vector<std::string>& remarks) {
    const Row head{.name = "NODE", .role = "ROLE", .address = "ADDRESS", .state = "STATE", .detail = "DETAIL"};
    constexpr std::array kColumns = {&Row::role, &Row::name, &Row::address, &Row::state};
    std::array<std::size_t, kColumns.size()> widths{};
    const auto measure = [&](const Row& row) {
        for (std::size_t i = 0; i < kColumns.size(); ++i) {
            widths.at(i) = std::max(widths.at(i), (row.*kColumns.at(i)).size());
        }
    };
    measure(head);
    std::ranges::for_each(rows, measure);
    std::string screen;
    const auto print = [&](const Row& row) {
        std::string line;
        for (std::size_t i = 0; i < kColumns.size(); ++i) { line += pad(row.*kColumns.at(i), widths.at(i)) + "  "; }
        line += row.detail;
        while (line.ends_with(' ')) { line.pop_back(); }
        screen += line + "\n";
    };
    print(head);
    std::ranges::for_each(rows, print);
    for (const auto& remark : remarks) { screen += text::format("! {}\n", remark); }
    return screen;
}

} // namespace ingot::firstboot::overview
