// A difference for a terminal and for programs.
#include <algorithm>

#include "builder/inspect/diff.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

std::string signed_bytes(std::int64_t bytes) {
    const auto size = text::human_bytes(static_cast<unsigned long long>(bytes < 0 ? -bytes : bytes));
    return bytes == 0 ? "±0" : (bytes < 0 ? "−" : "+") + size;
}

std::string_view sign(Change change) {
    switch (change) {
    case Change::added: return "+";
    case Change::removed: return "−";
    case Change::up: return "↑";
    case Change::down: return "↓";
    case Change::changed: return "~";
    }
    return "~";
}

std::string from_to(std::uint64_t before, std::uint64_t after) {
    return text::format("{} → {} ({})", text::human_bytes(before), text::human_bytes(after),
                        signed_bytes(static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before)));
}

std::string render_packages(const Difference& difference) {
    if (difference.packages.empty()) { return "\n  Packages: the same\n"; }
    std::string out = "\n  Packages\n";
    for (const auto& package : difference.packages) {
        const auto versions = package.before.empty()  ? package.after
                              : package.after.empty() ? package.before
                                                      : package.before + " → " + package.after;
        out += text::format("  {} {:<32} {}\n", sign(package.change), package.name, versions);
    }
    return out;
}

std::string render_files(const Difference& difference, bool all_files) {
    if (difference.files.empty()) { return "\n  Files: the same\n"; }
    auto out =
        text::format("\n  {:<34}{:>7}{:>9}{:>9}  {:>11}\n", "Files of", "added", "removed", "changed", "installed");
    for (const auto& one : difference.groups) {
        out += text::format("  {:<34}{:>7}{:>9}{:>9}  {:>11}\n", one.owner, one.added, one.removed, one.changed,
                            signed_bytes(one.grown));
    }
    if (!all_files) { return out + "  (--files names each)\n"; }
    out += "\n  Files\n";
    for (const auto& file : difference.files) {
        out += text::format("  {} {}{}\n", sign(file.change), file.path, file.what.empty() ? "" : ": " + file.what);
    }
    return out;
}

json::Json side_json(const Report& report) {
    return {{"image", report.image},          {"date", report.date.empty() ? json::Json() : json::Json(report.date)},
            {"root_size", report.image_size}, {"installed", report.size.installed},
            {"files", report.size.files},     {"packages", report.package_count}};
}

} // namespace

std::string render_text(const Difference& difference, bool all_files) {
    const auto& a = difference.before;
    const auto& b = difference.after;
    if (difference.empty()) { return text::format("{} and {} hold the same.\n", a.image, b.image); }
    auto out = text::format("{} → {}\n\n", a.image, b.image);
    out += text::format("  {:<11} {}\n", "root", from_to(a.image_size, b.image_size));
    out += text::format("  {:<11} {}\n", "installed", from_to(a.size.installed, b.size.installed));
    out += text::format("  {:<11} {} → {}\n", "files", a.size.files, b.size.files);
    out += text::format("  {:<11} {} → {}\n", "packages", a.package_count, b.package_count);
    out += render_packages(difference) + render_files(difference, all_files);
    std::string kind;
    for (const auto& other : difference.others) {
        if (other.kind != kind) { out += text::format("\n  {}\n", other.kind); }
        kind = other.kind;
        out += text::format("  {} {}\n", sign(other.change), other.what);
    }
    return out;
}

json::Json to_json(const Difference& difference) {
    json::Json value = {{"version", 1},
                        {"equal", difference.empty()},
                        {"before", side_json(difference.before)},
                        {"after", side_json(difference.after)}};
    auto packages = json::Json::array();
    for (const auto& package : difference.packages) {
        const auto version = [](const std::string& text) { return text.empty() ? json::Json() : json::Json(text); };
        packages.push_back({{"name", package.name},
                            {"change", to_string(package.change)},
                            {"before", version(package.before)},
                            {"after", version(package.after)}});
    }
    value["packages"] = std::move(packages);
    auto files = json::Json::array();
    for (const auto& file : difference.files) {
        json::Json one = {
            {"path", file.path}, {"change", to_string(file.change)}, {"package", file.owner}, {"grown", file.grown}};
        if (!file.what.empty()) { one["what"] = file.what; }
        files.push_back(std::move(one));
    }
    value["files"] = std::move(files);
    auto others = json::Json::array();
    for (const auto& other : difference.others) {
        others.push_back({{"kind", other.kind}, {"change", to_string(other.change)}, {"what", other.what}});
    }
    value["others"] = std::move(others);
    return value;
}

} // namespace ingot::builder::inspect
