#include "cloud-init/userdata/userdata.hpp"

#include <algorithm>

#include "cloud-init/parts/merge.hpp"
#include "cloud-init/parts/parts.hpp"
#include "cloud-init/userdata/parts.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Value;

namespace {

/// The parts of one source: its cloud-configs merged into one, its programs.
struct Assembled {
    Value root{};
    std::vector<Script> scripts{};
};

std::optional<Script::When> when_of(PartKind kind) {
    switch (kind) {
    case PartKind::cloud_config: return std::nullopt;
    case PartKind::script:
    case PartKind::script_per_instance: return Script::When::per_instance;
    case PartKind::boothook: return Script::When::boothook;
    case PartKind::script_per_boot: return Script::When::per_boot;
    case PartKind::script_per_once: return Script::When::per_once;
    }
    return std::nullopt;
}

std::size_t count_values(const Value& value) {
    std::size_t count = 1;
    if (const auto* const list = value.sequence()) {
        for (const auto& item : *list) { count += count_values(item); }
    } else if (const auto* const mapping = value.mapping()) {
        for (const auto& entry : *mapping) { count += 1 + count_values(entry.value); }
    }
    return count;
}

std::size_t longest_text(const Value& value) {
    std::size_t longest = value.scalar() == nullptr ? 0 : value.scalar()->text.size();
    if (const auto* const list = value.sequence()) {
        for (const auto& item : *list) { longest = std::max(longest, longest_text(item)); }
    } else if (const auto* const mapping = value.mapping()) {
        for (const auto& entry : *mapping) { longest = std::max(longest, longest_text(entry.value)); }
    }
    return longest;
}

Result<Assembled> assemble(std::string_view text, const std::string& file, const Fetch& fetch, Findings& findings) {
    constexpr std::size_t kMostValues = 50'000; // what one document may have, all parts may have together
    constexpr std::size_t kLongestText = std::size_t{1} << 20U;
    std::size_t values = 0;
    auto taken = take_apart(text, file, fetch, findings.faults);
    if (taken.unfetched) { return *std::move(taken.unfetched); }
    findings.warnings.insert(findings.warnings.end(), taken.warnings.begin(), taken.warnings.end());
    Assembled result;
    for (auto& part : taken.parts) {
        if (const auto when = when_of(part.kind)) {
            result.scripts.push_back(
                {.when = *when, .name = std::move(part.name), .content = std::move(part.content)});
            continue;
        }
        const auto name = taken.parts.size() == 1 ? file : text::format("{}({})", file, part.name);
        auto root = document::parse(part.content, name, findings.faults);
        if (root.mapping() == nullptr) {
            if (!root.is_null()) {
                findings.faults.add(root.position, text::format("expected a mapping, found {}", root.kind()));
            }
            continue;
        }
        values += count_values(root);
        if (values > kMostValues && taken.parts.size() > 1) {
            findings.faults.add({.file = name, .line = 1, .column = 1},
                                text::format("more than {} values in all parts together", kMostValues));
            break;
        }
        if (auto merged = merge_part(result.root, std::move(root), part.merge_header); !merged) {
            findings.faults.add({.file = name, .line = 1, .column = 1}, merged.error().message);
        }
        if (longest_text(result.root) > kLongestText) { // texts may be appended to each other
            findings.faults.add({.file = name, .line = 1, .column = 1}, "merged, a text is longer than 1 MiB");
            break;
        }
    }
    return result;
}

/// What the provider adds. It is no reason to fail: what is wrong with it is a warning, and then none of it is used.
Assembled assemble_vendor(std::string_view text, const Fetch& fetch, Findings& findings) {
    Findings own;
    auto vendor = assemble(text, "vendor-data", fetch, own);
    if (vendor && own.faults.empty()) {
        // Which cluster a node belongs to is not the provider's to say.
        if (auto* const entries = std::get_if<document::Mapping>(&vendor->root.node)) {
            std::erase_if(*entries, [](const auto& entry) { return entry.key == "ingot"; });
            Findings check;
            static_cast<void>(read_cloud_config(vendor->root, check));
            if (!check.faults.empty()) { own.faults.merge(std::move(check.faults)); }
        }
    }
    if (vendor && own.faults.empty()) { return *std::move(vendor); }
    const auto lines = vendor ? own.faults.lines() : std::vector<std::string>{vendor.error().to_string()};
    for (const auto& line : lines) {
        findings.warnings.push_back(text::format("{} (vendor-data is left out)", line));
    }
    return {};
}

bool refuses_vendor_data(const Value& root) {
    const auto* const vendor = root.find("vendor_data");
    const auto* const enabled = vendor == nullptr ? nullptr : vendor->find("enabled");
    Faults ignored;
    return enabled != nullptr && document::as_flag(*enabled, ignored) == false;
}

} // namespace

std::string_view to_string(Role role) {
    switch (role) {
    case Role::db: return "db";
    case Role::etcd: return "etcd";
    case Role::proxy: return "proxy";
    case Role::backup: return "backup";
    }
    return "db";
}

std::optional<Role> role_from(std::string_view text) {
    for (const Role role : {Role::db, Role::etcd, Role::proxy, Role::backup}) {
        if (text == to_string(role)) { return role; }
    }
    return std::nullopt;
}

Role authority_of(Role role) { return role == Role::backup ? Role::db : role; }

std::string domain_of(std::string_view cluster) { return text::format("{}.internal", cluster); }

Result<UserData> parse(std::string_view text, std::string_view file) {
    return parse_sources({.user_data = text}, file);
}

Result<UserData> parse_sources(const Sources& sources, std::string_view file) {
    INGOT_ASSIGN(auto parsed, parse_node_data(sources, file), "");
    return std::move(parsed.user_data);
}

Result<NodeData> parse_node_data(const Sources& sources, std::string_view file) {
    Findings findings;
    const Position start{.file = std::string(file), .line = 1, .column = 1};
    if (text::trim(sources.user_data).empty()) {
        findings.faults.add(start, "there is no user-data: the first line has to be #cloud-config");
        return findings.faults.to_error();
    }
    INGOT_ASSIGN(auto assembled, assemble(sources.user_data, std::string(file), sources.fetch, findings), "");
    if (!text::trim(sources.vendor_data).empty() && !refuses_vendor_data(assembled.root)) {
        auto vendor = assemble_vendor(sources.vendor_data, sources.fetch, findings);
        if (assembled.root.is_null()) {
            assembled.root = std::move(vendor.root);
        } else {
            assembled.root = merge_under(std::move(assembled.root), vendor.root);
        }
        for (auto& script : vendor.scripts) {
            script.vendor = true;
            assembled.scripts.push_back(std::move(script));
        }
    }
    NodeData parsed;
    auto& user_data = parsed.user_data;
    const auto& root = assembled.root;
    if (root.mapping() != nullptr) {
        // Also after faults of the text itself, such as a duplicate key: what was read is looked at all the same.
        user_data.cloud_config = read_cloud_config(root, findings);
    }
    if (const Value* section = root.find("ingot"); section != nullptr && !section->is_null()) {
        user_data.ingot = read_ingot(*section, parsed.access, findings);
    } else if (findings.faults.empty()) {
        findings.warn(start, "there is no ingot: section; a node with this user-data joins no cluster");
    }
    if (!findings.faults.empty()) { return findings.faults.to_error(); }
    user_data.scripts = std::move(assembled.scripts);
    user_data.warnings = std::move(findings.warnings);
    return parsed;
}

} // namespace ingot::cloud_init
