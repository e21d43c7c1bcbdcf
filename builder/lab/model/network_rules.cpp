#include "builder/lab/model/network_rules.hpp"

#include <algorithm>
#include <ranges>

#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

Result<std::set<std::string>> parse_group(std::string_view word, const std::vector<Member>& members) {
    std::set<std::string> group;
    for (const auto& name : text::split(word, ',')) {
        if (name.empty()) { continue; }
        if (std::ranges::find(members, name, &Member::name) == members.end()) {
            std::vector<std::string> names;
            for (const auto& member : members) { names.push_back(member.name); }
            const auto near = text::nearest(name, names);
            return fail(ErrorKind::invalid_input,
                        text::format("there is no machine {}{}", name, near ? "; did you mean " + *near + "?" : ""));
        }
        group.insert(name);
    }
    if (group.empty()) { return fail(ErrorKind::invalid_input, "a group of a partition names no machine"); }
    return group;
}

std::string port_set(const std::set<std::string>& names, const std::vector<Member>& members) {
    std::vector<std::string> ports;
    for (const auto& member : members) {
        if (names.contains(member.name)) { ports.push_back("\"" + port_of(member.address) + "\""); }
    }
    return "{ " + text::join(ports, ", ") + " }";
}

std::string words(const std::set<std::string>& names) {
    return text::join(std::vector<std::string>(names.begin(), names.end()), " ");
}

} // namespace

Result<Cuts> plan_cuts(const std::vector<std::string>& groups, const std::vector<Member>& members) {
    if (groups.empty()) { return fail(ErrorKind::invalid_input, "a partition names at least one machine"); }
    INGOT_ASSIGN(auto left, parse_group(groups.front(), members), "");
    if (groups.size() == 1) { return Cuts{.isolated = std::move(left)}; }
    std::set<std::string> right;
    for (const auto& word : groups | std::views::drop(1)) {
        INGOT_ASSIGN(const auto more, parse_group(word, members), "");
        right.insert(more.begin(), more.end());
    }
    for (const auto& name : left) {
        if (right.contains(name)) {
            return fail(ErrorKind::invalid_input, text::format("{} stands on both sides of the partition", name));
        }
    }
    Cuts cuts;
    cuts.between.push_back({.left = std::move(left), .right = std::move(right)});
    return cuts;
}

std::string nft_rules(const Cuts& cuts, const std::vector<Member>& members) {
    // "add" before "delete" makes deleting succeed whether or not the table is there.
    std::string rules = "add table bridge ingot_lab\ndelete table bridge ingot_lab\n";
    if (cuts.empty()) { return rules; }
    std::string forward;
    std::string input;
    std::string output;
    if (!cuts.isolated.empty()) {
        const auto ports = port_set(cuts.isolated, members);
        forward += text::format("    iifname {} drop\n    oifname {} drop\n", ports, ports);
        input = text::format("    iifname {} drop\n", ports);
        output = text::format("    oifname {} drop\n", ports);
    }
    for (const auto& [left, right] : cuts.between) {
        const auto a = port_set(left, members);
        const auto b = port_set(right, members);
        forward += text::format("    iifname {} oifname {} drop\n    iifname {} oifname {} drop\n", a, b, b, a);
    }
    rules += "table bridge ingot_lab {\n";
    for (const auto& [hook, body] :
         {std::pair{"forward", forward}, std::pair{"input", input}, std::pair{"output", output}}) {
        if (body.empty()) { continue; }
        rules += text::format("  chain {} {{\n    type filter hook {} priority 0; policy accept;\n{}  }}\n", hook,
                              hook, body);
    }
    return rules + "}\n";
}

std::string dhcp_hosts(const std::vector<Member>& members) {
    std::string lines;
    for (const auto& member : members) { lines += text::format("{},{}\n", mac_of(member.address), member.address); }
    return lines;
}

std::string dns_hosts(const std::vector<Member>& members, std::string_view domain) {
    std::string lines;
    for (const auto& member : members) {
        lines += text::format("{} {}.{}\n", member.address, member.name, domain);
        lines += text::format("{} {}.{}\n", member.address, cloud_init::to_string(member.role), domain);
        if (member.role == Role::proxy) {
            lines += text::format("{} primary.{} replica.{}\n", member.address, domain, domain);
        }
    }
    return lines;
}

Cuts merge(Cuts first, const Cuts& second) {
    first.isolated.insert(second.isolated.begin(), second.isolated.end());
    first.between.insert(first.between.end(), second.between.begin(), second.between.end());
    return first;
}

std::vector<std::string> describe(const Cuts& cuts) {
    std::vector<std::string> lines;
    for (const auto& name : cuts.isolated) { lines.push_back(name + " | everyone"); }
    for (const auto& [left, right] : cuts.between) { lines.push_back(words(left) + " | " + words(right)); }
    return lines;
}

} // namespace ingot::builder::lab
