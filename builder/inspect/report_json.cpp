// A report for programs.
#include "builder/inspect/report.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

constexpr int kVersion = 1;
constexpr int kDepth = 6;

json::Json text_or_null(const std::string& text) { return text.empty() ? json::Json() : json::Json(text); }

void add_size(json::Json& value, const Size& size) {
    value["compressed"] = size.compressed;
    value["installed"] = size.installed;
    value["files"] = size.files;
}

json::Json directory_json(const DirectorySize& directory, int depth) {
    json::Json value = {{"name", directory.name}};
    add_size(value, directory.size);
    if (directory.children.empty() || depth == 0) { return value; }
    auto children = json::Json::array();
    for (const auto& child : directory.children) { children.push_back(directory_json(child, depth - 1)); }
    value["children"] = std::move(children);
    return value;
}

json::Json packages_json(const Report& report) {
    auto packages = json::Json::array();
    for (const auto& package : report.packages) {
        json::Json value = {{"name", package.name},
                            {"version", text_or_null(package.version)},
                            {"section", text_or_null(package.section)},
                            {"why", text_or_null(package.why)}};
        add_size(value, package.size);
        auto largest = json::Json::array();
        for (const auto& file : package.largest) {
            largest.push_back({{"path", file.path}, {"compressed", file.compressed}, {"installed", file.installed}});
        }
        value["largest"] = std::move(largest);
        packages.push_back(std::move(value));
    }
    return packages;
}

} // namespace

json::Json to_json(const Report& report) {
    json::Json value = {
        {"version", kVersion},
        {"image", report.image},
        {"role", text_or_null(report.role)},
        {"system", text_or_null(report.system)},
        {"architecture", text_or_null(report.architecture)},
        {"date", text_or_null(report.date)},
        {"agent_version", text_or_null(report.agent_version)},
        {"git_revision", text_or_null(report.git_revision)},
        {"kernel", text_or_null(report.kernel)},
        {"root", {{"file", report.root_file}, {"packed_as", report.packed_as}, {"size", report.image_size}}}};
    add_size(value, report.size);
    auto files = json::Json::array();
    for (const auto& file : report.files) { files.push_back({{"name", file.name}, {"size", file.size}}); }
    value["artefacts"] = std::move(files);
    value["package_count"] = report.package_count;
    value["packages"] = packages_json(report);
    value["directories"] = directory_json(report.directories, kDepth);
    auto enabled = json::Json::array();
    for (const auto& unit : report.units.enabled) {
        enabled.push_back({{"unit", unit.name}, {"wanted_by", unit.wanted_by}});
    }
    value["units"] = {{"enabled", std::move(enabled)}, {"masked", report.units.masked}};
    auto listeners = json::Json::array();
    for (const auto& listener : report.listeners) {
        listeners.push_back({{"unit", listener.unit}, {"address", listener.address}, {"when", listener.when}});
    }
    value["listeners"] = std::move(listeners);
    auto users = json::Json::array();
    for (const auto& user : report.users) {
        users.push_back({{"name", user.name},
                         {"uid", user.uid},
                         {"gid", user.gid},
                         {"home", user.home},
                         {"shell", user.shell},
                         {"can_log_in", user.can_log_in()},
                         {"password_locked", user.locked}});
    }
    value["users"] = std::move(users);
    auto privileged = json::Json::array();
    for (const auto& file : report.privileged) {
        privileged.push_back({{"path", file.path},
                              {"package", file.owner},
                              {"mode", text::format("{:04o}", file.mode)},
                              {"uid", file.uid},
                              {"gid", file.gid},
                              {"capabilities", text_or_null(file.capabilities)}});
    }
    value["privileged"] = std::move(privileged);
    return value;
}

} // namespace ingot::builder::inspect
