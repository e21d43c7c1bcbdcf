#include "builder/inspect/dpkg.hpp"

#include <algorithm>
#include <array>
#include <deque>
#include <set>

#include <fnmatch.h>

#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

using Names = std::map<std::string, std::string, std::less<>>;

/// The fields of one stanza; lines that go on belong to the field before.
Names fields_of(std::string_view stanza) {
    Names fields;
    std::string last;
    for (const auto& line : text::lines(stanza)) {
        if (line.starts_with(' ') || line.starts_with('\t')) {
            fields[last] += " " + std::string(text::trim(line));
            continue;
        }
        const auto colon = line.find(':');
        if (colon == std::string::npos) { continue; }
        last = line.substr(0, colon);
        fields[last] = text::trim(std::string_view(line).substr(colon + 1));
    }
    return fields;
}

std::vector<std::string> stanzas(std::string_view text) {
    std::vector<std::string> found;
    std::string open;
    for (const auto& line : text::lines(text)) {
        if (!line.empty()) {
            open += line + "\n";
        } else if (!open.empty()) {
            found.push_back(std::move(open));
            open.clear();
        }
    }
    if (!open.empty()) { found.push_back(std::move(open)); }
    return found;
}

/// "libc6:any (>= 2.34)" → "libc6".
std::string bare_name(std::string_view word) {
    word = text::trim(word);
    return std::string(word.substr(0, word.find_first_of(" (:")));
}

std::vector<std::vector<std::string>> parse_depends(const Names& fields) {
    std::vector<std::vector<std::string>> all;
    for (const auto* key : {"Pre-Depends", "Depends"}) {
        const auto found = fields.find(key);
        if (found == fields.end()) { continue; }
        for (const auto& one : text::split(found->second, ',')) {
            std::vector<std::string> alternatives;
            for (const auto& alternative : text::split(one, '|')) { alternatives.push_back(bare_name(alternative)); }
            all.push_back(std::move(alternatives));
        }
    }
    return all;
}

/// "/lib/x" and "/usr/lib/x" are the same file where /lib is a link.
std::string merged(std::string path) {
    for (const std::string_view top : {"/bin/", "/sbin/", "/lib/", "/lib64/", "/lib32/"}) {
        if (path.starts_with(top)) { return "/usr" + path; }
    }
    return path;
}

struct Rule {
    const char* pattern; ///< "*" matches "/" too
    const char* group;
};

// What no package's list has, by who makes it. The first that fits counts.
constexpr std::array kRules = {
    Rule{"/var/lib/dpkg/*", "(dpkg's database)"},
    Rule{"/usr/lib/modules/*", "(module indexes)"},
    Rule{"/boot/initrd*", "(initial RAM disk)"},
    Rule{"/etc/ssl/certs/*", "(CA certificates)"},
    Rule{"*/__pycache__/*", "(Python byte code)"},
    Rule{"/usr/lib/udev/hwdb.bin", "(hardware database)"},
    Rule{"/etc/udev/hwdb.bin", "(hardware database)"},
    Rule{"/etc/alternatives/*", "(alternatives)"},
    Rule{"/etc/systemd/*", "(units switched on and off)"},
    Rule{"/etc/rc?.d/*", "(units switched on and off)"},
    Rule{"/var/lib/systemd/deb-systemd-helper-*", "(units switched on and off)"},
    Rule{"/usr/lib/locale/*", "(locales)"},
    Rule{"/usr/lib/*/gconv/gconv-modules.cache", "(caches)"},
    Rule{"/etc/ld.so.cache", "(caches)"},
    Rule{"/var/cache/*", "(caches)"},
    Rule{"/usr/lib/systemd/catalog/database", "(caches)"},
    Rule{"/var/lib/systemd/catalog/database", "(caches)"},
    Rule{"/usr/lib/ingot/*", "(Ingot)"},
    Rule{"/etc/apt/sources.list.d/ingot.sources", "(Ingot)"},
    Rule{"/etc/dpkg/dpkg.cfg.d/ingot-*", "(Ingot)"},
    Rule{"/etc/.updated", "(Ingot)"},
    Rule{"/var/.updated", "(Ingot)"},
    Rule{"/var/lib/apt/extended_states", "(Ingot)"},
    Rule{"/etc/passwd", "(users and groups)"},
    Rule{"/etc/group", "(users and groups)"},
    Rule{"/etc/*shadow", "(users and groups)"},
    Rule{"/etc/subuid", "(users and groups)"},
    Rule{"/etc/subgid", "(users and groups)"},
    Rule{"*ingot*", "(overlays)"}, // an image from before the overlays were written down
};

std::string group_of(const std::string& path) {
    const auto rule =
        std::ranges::find_if(kRules, [&](const Rule& one) { return ::fnmatch(one.pattern, path.c_str(), 0) == 0; });
    return rule == kRules.end() ? "(made on installation)" : rule->group;
}

constexpr std::string_view kInfo = "/var/lib/dpkg/info/";
constexpr std::string_view kList = ".list";

/// Who owns which path, as the lists say.
Names owners_by_list(const Listing& listing) {
    Names owner;
    for (const auto& [path, content] : listing.contents) {
        if (!path.starts_with(kInfo) || !path.ends_with(kList)) { continue; }
        const auto package =
            bare_name(std::string_view(path).substr(kInfo.size(), path.size() - kInfo.size() - kList.size()));
        for (auto& line : text::lines(content)) { owner.emplace(merged(std::move(line)), package); }
    }
    return owner;
}

/// A diverted file of another package lies under another name.
void apply_diversions(std::string_view diversions, const Listing& listing, Names& owner) {
    const auto lines = text::lines(diversions);
    for (std::size_t i = 0; i + 2 < lines.size(); i += 3) {
        const auto from = merged(lines[i]);
        const auto to = merged(lines[i + 1]);
        if (from == to || listing.find(to) == nullptr) { continue; }
        const auto found = owner.find(from);
        if (found != owner.end() && found->second != lines[i + 2]) { owner[to] = found->second; }
        if (lines[i + 2] != ":") { owner[from] = lines[i + 2]; }
    }
}

std::set<std::string, std::less<>> automatic_packages(std::string_view extended_states) {
    std::set<std::string, std::less<>> automatic;
    for (const auto& stanza : stanzas(extended_states)) {
        auto fields = fields_of(stanza);
        if (fields["Auto-Installed"] == "1") { automatic.insert(fields["Package"]); }
    }
    return automatic;
}

/// Virtual package → one that provides it.
Names providers(const Packages& packages) {
    Names provider;
    for (const auto& [name, package] : packages) {
        for (const auto& provided : package.provides) { provider.emplace(provided, name); }
    }
    return provider;
}

/// Of each dependency, the first alternative that is installed.
std::vector<std::string> needed_by(const InstalledPackage& package, const Packages& packages, const Names& provider) {
    std::vector<std::string> needed;
    for (const auto& alternatives : package.depends) {
        for (const auto& alternative : alternatives) {
            const auto virtual_one = provider.find(alternative);
            if (packages.contains(alternative)) {
                needed.push_back(alternative);
            } else if (virtual_one != provider.end()) {
                needed.push_back(virtual_one->second);
            } else {
                continue;
            }
            break;
        }
    }
    return needed;
}

} // namespace

Packages parse_status(std::string_view status) {
    Packages packages;
    for (const auto& stanza : stanzas(status)) {
        auto fields = fields_of(stanza);
        if (!fields["Status"].ends_with(" installed")) { continue; }
        InstalledPackage package{.name = fields["Package"],
                                 .version = fields["Version"],
                                 .section = fields["Section"],
                                 .architecture = fields["Architecture"],
                                 .essential = fields["Essential"] == "yes",
                                 .depends = parse_depends(fields)};
        for (const auto& one : text::split(fields["Provides"], ',')) { package.provides.push_back(bare_name(one)); }
        packages.emplace(package.name, std::move(package));
    }
    return packages;
}

Names reasons(const Packages& packages, std::string_view extended_states) {
    const auto automatic = automatic_packages(extended_states);
    const auto provider = providers(packages);
    Names why;
    // First what is essential: what that needs is there whatever anybody asks for.
    for (const bool essential : {true, false}) {
        std::deque<std::string> open;
        for (const auto& [name, package] : packages) {
            const bool begins = essential ? package.essential : !automatic.contains(name) && !package.essential;
            if (begins && why.emplace(name, "").second) { open.push_back(name); }
        }
        for (; !open.empty(); open.pop_front()) {
            const auto name = open.front();
            const auto path = why[name].empty() ? name : why[name] + " → " + name;
            for (const auto& needed : needed_by(packages.find(name)->second, packages, provider)) {
                if (why.emplace(needed, essential ? "essential" : path).second) { open.push_back(needed); }
            }
        }
    }
    return why;
}

bool is_dpkg_file(std::string_view path) {
    return path == "/var/lib/dpkg/status" || path == "/var/lib/dpkg/diversions" ||
           path == "/var/lib/apt/extended_states" || (path.starts_with(kInfo) && path.ends_with(kList));
}

std::vector<std::string> owners(const Listing& listing) {
    auto owner = owners_by_list(listing);
    apply_diversions(listing.content("/var/lib/dpkg/diversions"), listing, owner);
    for (const auto& line : text::lines(listing.content(kOverlayList))) {
        const auto space = line.find(' ');
        if (space != std::string::npos) { owner[line.substr(space + 1)] = "(overlay " + line.substr(0, space) + ")"; }
    }
    std::vector<std::string> found;
    found.reserve(listing.entries.size());
    for (const auto& entry : listing.entries) {
        if (entry.kind == Kind::directory) {
            found.emplace_back();
            continue;
        }
        const auto known = owner.find(entry.path);
        found.push_back(known == owner.end() ? group_of(entry.path) : known->second);
    }
    return found;
}

} // namespace ingot::builder::inspect
