#include "builder/packages/package_set.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::builder::packages {

namespace {

constexpr std::string_view kHash = "SHA256:";

Error not_understood(std::string_view line, std::string_view why) {
    return fail(ErrorKind::tool_failed,
                text::format("apt-get printed a line that says nothing to us ({}): {}", why, line));
}

Result<Package> parse_line(std::string_view line) {
    const auto end = line.find('\'', 1);
    if (!line.starts_with('\'') || end == std::string_view::npos) { return not_understood(line, "no URI"); }
    const auto words = text::split(text::trim(line.substr(end + 1)), ' ');
    if (words.size() < 3) { return not_understood(line, "too short"); }
    const auto parts = text::split(words[0], '_');
    const auto size = text::to_number(words[1]);
    if (parts.size() != 3 || !parts[2].ends_with(".deb")) {
        return not_understood(line, "not a package's file name");
    }
    if (!size || *size <= 0) { return not_understood(line, "no size"); }
    if (!words[2].starts_with(kHash) || words[2].size() != kHash.size() + kHashDigits) {
        return not_understood(line, "no SHA-256");
    }
    return Package{.name = parts[0],
                   .version = text::replace_all(parts[1], "%3a", ":"),
                   .architecture = parts[2].substr(0, parts[2].size() - std::string_view(".deb").size()),
                   .size = static_cast<std::uint64_t>(*size),
                   .sha256 = words[2].substr(kHash.size()),
                   .uri = std::string(line.substr(1, end - 1))};
}

bool is_local(std::string_view line, const std::vector<std::string>& names) {
    return line.starts_with("'file:") && std::ranges::any_of(names, [&](const std::string& name) {
               return line.find("' " + name + "_") != std::string_view::npos;
           });
}

} // namespace

std::string Package::file_name() const {
    return text::format("{}_{}_{}.deb", name, text::replace_all(version, ":", "%3a"), architecture);
}

Result<PackageSet> parse_uris(std::string_view text, const std::vector<std::string>& local) {
    PackageSet set;
    for (const auto& line : text::lines(text)) {
        if (!line.starts_with('\'') || is_local(line, local)) { continue; }
        INGOT_ASSIGN(auto package, parse_line(line), "");
        set.push_back(std::move(package));
    }
    std::ranges::sort(set, {}, &Package::name);
    const auto twice = std::ranges::adjacent_find(set, {}, &Package::name);
    if (twice != set.end()) {
        return fail(ErrorKind::tool_failed, text::format("apt-get wants to install {} twice", twice->name));
    }
    return set;
}

Result<PackageSet> difference(const PackageSet& whole, const PackageSet& part) {
    for (const auto& package : part) {
        const auto found = std::ranges::lower_bound(whole, package.name, {}, &Package::name);
        const bool same = found != whole.end() && found->name == package.name && found->sha256 == package.sha256;
        if (!same) {
            return fail(ErrorKind::invalid_input,
                        text::format("the packages of this role do not go together with {} {} of the layer below it",
                                     package.name, package.version));
        }
    }
    PackageSet rest;
    std::ranges::set_difference(whole, part, std::back_inserter(rest), {}, &Package::name, &Package::name);
    return rest;
}

PackageSet merged(const PackageSet& one, const PackageSet& other) {
    PackageSet all;
    std::ranges::set_union(one, other, std::back_inserter(all), {}, &Package::name, &Package::name);
    return all;
}

std::string render_hold(const PackageSet& set) {
    std::string text;
    for (const auto& package : set) {
        text += text::format("Package: {}\nPin: version {}\nPin-Priority: 1001\n\n", package.name, package.version);
    }
    return text;
}

std::uint64_t total_size(const PackageSet& set) {
    std::uint64_t sum = 0;
    for (const auto& package : set) { sum += package.size; }
    return sum;
}

std::string render_extended_states(const PackageSet& set, const std::vector<std::string>& asked_for,
                                   std::string_view architecture) {
    std::string text;
    for (const auto& package : set) {
        if (std::ranges::find(asked_for, package.name) != asked_for.end()) { continue; }
        text += text::format("Package: {}\nArchitecture: {}\nAuto-Installed: 1\n\n", package.name, architecture);
    }
    return text;
}

} // namespace ingot::builder::packages
