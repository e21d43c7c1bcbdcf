#include "cloud-init/userdata/userdata.hpp"

#include "cloud-init/userdata/parts.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

/// Why a text is not read at all, by its first bytes; nothing if it is a #cloud-config.
std::optional<std::string> why_not_cloud_config(std::string_view text) {
    if (text.starts_with("\x1f\x8b")) { return "compressed user-data is not supported by this version"; }
    const auto first = text::trim(text.substr(0, text.find('\n')));
    if (first == "#cloud-config" || first.starts_with("#cloud-config ") || first.starts_with("#cloud-config\t")) {
        return std::nullopt;
    }
    if (first.starts_with("#!")) { return "scripts as user-data are not supported; use runcmd in a #cloud-config"; }
    if (first.starts_with("#include")) { return "#include is not supported"; }
    if (first.starts_with("## template:")) {
        return "templates are not supported; the first line has to be #cloud-config";
    }
    const auto lower = text::lower(first);
    if (lower.starts_with("content-type:") || lower.starts_with("mime-version:")) {
        return "multi-part user-data is not supported by this version";
    }
    return "the first line has to be #cloud-config";
}

} // namespace

std::string_view to_string(Role role) {
    switch (role) {
    case Role::db: return "db";
    case Role::etcd: return "etcd";
    case Role::proxy: return "proxy";
    }
    return "db";
}

std::optional<Role> role_from(std::string_view text) {
    for (const Role role : {Role::db, Role::etcd, Role::proxy}) {
        if (text == to_string(role)) { return role; }
    }
    return std::nullopt;
}

std::string domain_of(std::string_view cluster) { return text::format("{}.internal", cluster); }

Result<UserData> parse(std::string_view text, std::string_view file) {
    if (text.starts_with("\xEF\xBB\xBF")) { text.remove_prefix(3); }
    Findings findings;
    const Position start{.file = std::string(file), .line = 1, .column = 1};
    if (const auto reason = why_not_cloud_config(text)) {
        findings.faults.add(start, *reason);
        return findings.faults.to_error();
    }
    const document::Value root = document::parse(text, file, findings.faults);
    UserData user_data;
    if (root.mapping() != nullptr) {
        // Also after faults of the text itself, such as a duplicate key: what was read is looked at all the same.
        user_data.cloud_config = read_cloud_config(root, findings);
        if (const document::Value* section = root.find("ingot"); section != nullptr && !section->is_null()) {
            user_data.ingot = read_ingot(*section, findings);
        } else {
            findings.warn(start, "there is no ingot: section; a node with this user-data joins no cluster");
        }
    } else if (!root.is_null()) {
        findings.faults.add(root.position, text::format("expected a mapping, found {}", root.kind()));
    }
    if (!findings.faults.empty()) { return findings.faults.to_error(); }
    user_data.warnings = std::move(findings.warnings);
    return user_data;
}

} // namespace ingot::cloud_init
