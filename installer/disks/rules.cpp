#include "installer/disks/rules.hpp"

#include <algorithm>
#include <array>
#include <limits>

#include <fnmatch.h>

#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

constexpr std::array<std::string_view, 8> kKeys = {"id",   "serial",     "wwn",       "model",
                                                   "size", "rotational", "transport", "path"};
constexpr std::string_view kById = "/dev/disk/by-id/";

std::string known_keys() {
    std::vector<std::string> keys(kKeys.begin(), kKeys.end());
    return text::join(keys, ", ");
}

bool fits_pattern(const std::string& pattern, const std::string& value) {
    return !value.empty() && ::fnmatch(pattern.c_str(), value.c_str(), FNM_CASEFOLD) == 0;
}

std::optional<std::string> text_against(const Rule& rule, std::string_view what, const std::string& value) {
    if (fits_pattern(rule.value, value)) { return std::nullopt; }
    return value.empty() ? text::format("it has no {}", what) : text::format("its {} is {}", what, value);
}

std::optional<std::string> size_against(const Rule& rule, const Disk& disk) {
    const bool fits = rule.comparison == Comparison::equal      ? disk.size == rule.size
                      : rule.comparison == Comparison::at_least ? disk.size >= rule.size
                                                                : disk.size <= rule.size;
    if (fits) { return std::nullopt; }
    return text::format("it has {}", text::human_bytes(disk.size));
}

Result<Rule> parse_rule(std::string_view written) {
    const auto at = written.find_first_of("<>=");
    if (at == std::string_view::npos || at == 0) {
        return fail(ErrorKind::invalid_input,
                    text::format("'{}' is no rule for a disk; a rule is KEY=VALUE, with {}", written, known_keys()));
    }
    Rule rule{.key = std::string(written.substr(0, at))};
    auto rest = written.substr(at);
    if (rest.starts_with(">=") || rest.starts_with("<=")) {
        rule.comparison = rest.front() == '>' ? Comparison::at_least : Comparison::at_most;
        rest.remove_prefix(2);
    } else if (rest.front() == '=') {
        rest.remove_prefix(1);
    } else {
        return fail(ErrorKind::invalid_input, text::format("'{}': sizes are compared by = >= or <=", written));
    }
    rule.value = std::string(rest);
    if (std::ranges::find(kKeys, rule.key) == kKeys.end()) {
        return fail(ErrorKind::invalid_input,
                    text::format("'{}' is no property of a disk; there are: {}", rule.key, known_keys()));
    }
    if (rule.value.empty()) { return fail(ErrorKind::invalid_input, text::format("'{}' has no value", written)); }
    if (rule.comparison != Comparison::equal && rule.key != "size") {
        return fail(ErrorKind::invalid_input, text::format("'{}': only sizes are more or less", written));
    }
    if (rule.key == "size") {
        const auto size = parse_size(rule.value);
        if (!size) {
            return fail(ErrorKind::invalid_input,
                        text::format("'{}' is no size; one is 500G, 2T or 500Gi", rule.value));
        }
        rule.size = *size;
    }
    if (rule.key == "rotational" && rule.value != "yes" && rule.value != "no") {
        return fail(ErrorKind::invalid_input, "rotational= is yes or no");
    }
    if (rule.key == "id" && rule.value.starts_with(kById)) { rule.value.erase(0, kById.size()); }
    if (rule.key == "path" && !rule.value.starts_with("/dev/")) {
        return fail(ErrorKind::invalid_input, text::format("path={} is no device in /dev", rule.value));
    }
    return rule;
}

} // namespace

std::optional<std::uint64_t> parse_size(std::string_view text) {
    constexpr std::string_view kUnits = "KMGTP";
    const bool binary = text.ends_with("i");
    if (binary) { text.remove_suffix(1); }
    std::uint64_t unit = 1;
    const auto power = text.empty() ? std::string_view::npos : kUnits.find(text.back());
    if (power != std::string_view::npos) {
        for (std::size_t step = 0; step <= power; ++step) { unit *= binary ? 1024 : 1000; }
        text.remove_suffix(1);
    } else if (binary) {
        return std::nullopt;
    }
    const auto number = text::to_number(text);
    if (!number || *number < 0) { return std::nullopt; }
    const auto count = static_cast<std::uint64_t>(*number);
    if (count > std::numeric_limits<std::uint64_t>::max() / unit) { return std::nullopt; }
    return count * unit;
}

Result<std::vector<Rule>> parse_rules(std::string_view text) {
    std::vector<Rule> rules;
    for (const auto& written : text::split(text, ',')) {
        if (text::trim(written).empty()) { continue; }
        INGOT_ASSIGN(auto rule, parse_rule(text::trim(written)), "reading the rules for the disk");
        rules.push_back(std::move(rule));
    }
    return rules;
}

std::optional<std::string> against(const Rule& rule, const Disk& disk) {
    if (rule.key == "size") { return size_against(rule, disk); }
    if (rule.key == "serial") { return text_against(rule, "serial", disk.serial); }
    if (rule.key == "wwn") { return text_against(rule, "wwn", disk.wwn); }
    if (rule.key == "model") { return text_against(rule, "model", disk.model); }
    if (rule.key == "transport") { return text_against(rule, "transport", disk.transport); }
    if (rule.key == "path") { return text_against(rule, "path", disk.path); }
    if (rule.key == "rotational") {
        if ((rule.value == "yes") == disk.rotational) { return std::nullopt; }
        return disk.rotational ? "it is rotational" : "it is not rotational";
    }
    for (const auto& id : disk.by_id) {
        if (fits_pattern(rule.value, id)) { return std::nullopt; }
    }
    return disk.by_id.empty() ? "it has no id" : text::format("its id is {}", disk.by_id.front());
}

bool is_named(const Disk& disk, std::string_view id) {
    if (id.empty()) { return false; }
    if (id.starts_with(kById)) { id.remove_prefix(kById.size()); }
    return id == disk.serial || id == disk.wwn || id == disk.path ||
           std::ranges::find(disk.by_id, id) != disk.by_id.end();
}

} // namespace ingot::installer
