#include "builder/packages/sources.hpp"

#include <algorithm>
#include <array>
#include <map>

#include "common/text/text.hpp"

namespace ingot::builder::packages {

namespace {

std::vector<std::string> words_of(std::string_view text) {
    std::vector<std::string> words;
    std::size_t start = 0;
    while ((start = text.find_first_not_of(" \t\n", start)) != std::string_view::npos) {
        const auto end = std::min(text.find_first_of(" \t\n", start), text.size());
        words.emplace_back(text.substr(start, end - start));
        start = end;
    }
    return words;
}

/// "[arch=amd64 signed-by=/x.gpg]" → /x.gpg
std::string signed_by_option(std::string_view options) {
    for (const auto& option : words_of(options)) {
        if (text::lower(option).starts_with("signed-by=")) {
            return option.substr(std::string_view("signed-by=").size());
        }
    }
    return {};
}

/// The fields of one stanza, names in lower case; continuation lines are joined.
std::map<std::string, std::string> fields_of(std::string_view stanza) {
    std::map<std::string, std::string> fields;
    std::string last;
    for (const auto& line : text::lines(stanza)) {
        if (line.starts_with('#')) { continue; }
        if (line.starts_with(' ') || line.starts_with('\t')) {
            if (!last.empty()) { fields[last] += "\n" + line; }
            continue;
        }
        const auto colon = line.find(':');
        if (colon == std::string::npos) { continue; }
        last = text::lower(line.substr(0, colon));
        fields[last] = std::string(text::trim(line.substr(colon + 1)));
    }
    return fields;
}

std::vector<std::string> stanzas_of(std::string_view text) {
    std::vector<std::string> stanzas(1);
    for (const auto& line : text::lines(text)) {
        if (text::trim(line).empty()) {
            stanzas.emplace_back();
        } else {
            stanzas.back() += line + "\n";
        }
    }
    return stanzas;
}

/// The release a suite belongs to: "bookworm-security" → "bookworm", "stable/updates" → "stable".
std::string_view release_of(std::string_view suite) {
    for (const std::string_view pocket : {"-security", "-updates", "-backports", "-proposed-updates", "/updates"}) {
        if (suite.ends_with(pocket)) { return suite.substr(0, suite.size() - pocket.size()); }
    }
    return suite;
}

bool is_security(std::string_view suite) { return suite.ends_with("-security") || suite.ends_with("/updates"); }

bool is_debian_suite(std::string_view suite) {
    constexpr std::array<std::string_view, 15> kReleases = {
        "oldoldstable", "oldstable", "stable", "testing", "unstable", "sid",    "buster",      "bullseye",
        "bookworm",     "trixie",    "forky",  "duke",    "stretch",  "jessie", "experimental"};
    return std::ranges::find(kReleases, release_of(suite)) != kReleases.end();
}

std::string_view without_slashes(std::string_view uri) {
    while (uri.ends_with('/')) { uri.remove_suffix(1); }
    return uri;
}

/// "http://any.debian.org/debian" → "any.debian.org"
std::string_view host_of(std::string_view uri) {
    const auto start = uri.find("://");
    if (start == std::string_view::npos) { return {}; }
    uri.remove_prefix(start + 3);
    return uri.substr(0, uri.find_first_of("/:"));
}

bool lies_where_debian_lies(std::string_view uri) {
    const auto host = host_of(uri);
    const auto path = without_slashes(uri);
    return host == "debian.org" || host.ends_with(".debian.org") || path.ends_with("/debian") ||
           path.ends_with("/debian-security");
}

bool is_debian_archive(const SourceEntry& entry) {
    if (entry.uris.empty() || std::ranges::find(entry.components, "main") == entry.components.end()) { return false; }
    if (!std::ranges::any_of(entry.suites, is_debian_suite)) { return false; }
    if (!entry.signed_by.empty()) { return entry.signed_by.find("debian-archive") != std::string::npos; }
    return lies_where_debian_lies(entry.uris.front());
}

std::string security_sibling(std::string_view uri) {
    const auto path = without_slashes(uri);
    return path.ends_with("/debian") ? std::string(path) + "-security" : std::string();
}

} // namespace

std::vector<SourceEntry> parse_one_line_sources(std::string_view text) {
    std::vector<SourceEntry> entries;
    for (const auto& whole : text::lines(text)) {
        auto line = text::trim(std::string_view(whole).substr(0, whole.find('#')));
        if (!line.starts_with("deb ") && !line.starts_with("deb\t")) { continue; }
        line = text::trim(line.substr(3));
        SourceEntry entry;
        if (line.starts_with('[')) {
            const auto end = line.find(']');
            if (end == std::string_view::npos) { continue; }
            entry.signed_by = signed_by_option(line.substr(1, end - 1));
            line = text::trim(line.substr(end + 1));
        }
        const auto words = words_of(line);
        if (words.size() < 3) { continue; }
        entry.uris = {words[0]};
        entry.suites = {words[1]};
        entry.components.assign(words.begin() + 2, words.end());
        entries.push_back(std::move(entry));
    }
    return entries;
}

std::vector<SourceEntry> parse_deb822_sources(std::string_view text) {
    std::vector<SourceEntry> entries;
    for (const auto& stanza : stanzas_of(text)) {
        auto fields = fields_of(stanza);
        const auto types = words_of(fields["types"]);
        const auto enabled = text::lower(fields["enabled"]);
        if (std::ranges::find(types, "deb") == types.end() || enabled == "no" || enabled == "false") { continue; }
        entries.push_back({.uris = words_of(fields["uris"]),
                           .suites = words_of(fields["suites"]),
                           .components = words_of(fields["components"]),
                           .signed_by = fields["signed-by"]});
    }
    return entries;
}

std::string render_sources(const std::vector<SourceEntry>& entries) {
    std::string text;
    for (const auto& entry : entries) {
        if (!text.empty()) { text += "\n"; }
        text += text::format("Types: deb\nURIs: {}\nSuites: {}\nComponents: {}\n", text::join(entry.uris, " "),
                             text::join(entry.suites, " "), text::join(entry.components, " "));
        if (!entry.signed_by.empty()) { text += text::format("Signed-By: {}\n", entry.signed_by); }
    }
    return text;
}

Mirrors debian_mirrors(const std::vector<SourceEntry>& entries) {
    Mirrors mirrors;
    for (const auto& entry : entries) {
        if (!is_debian_archive(entry)) { continue; }
        const bool security = std::ranges::all_of(entry.suites, is_security);
        auto& uri = security ? mirrors.security : mirrors.main;
        if (uri.empty()) { uri = without_slashes(entry.uris.front()); }
        if (mirrors.signed_by.empty()) { mirrors.signed_by = entry.signed_by; }
    }
    if (mirrors.security.empty()) { mirrors.security = security_sibling(mirrors.main); }
    return mirrors;
}

Mirrors given_mirror(std::string_view uri) {
    return {.main = std::string(without_slashes(uri)), .security = security_sibling(uri)};
}

std::vector<SourceEntry> sources_for(std::string_view suite, const Mirrors& mirrors,
                                     const std::vector<std::string>& components) {
    const auto name = std::string(suite);
    const bool rolling = suite == "sid" || suite == "unstable" || suite == "experimental";
    SourceEntry main{.uris = {mirrors.main},
                     .suites = {name},
                     .components = components,
                     .signed_by = mirrors.signed_by,
                     .name = "debian"};
    if (!rolling) { main.suites.push_back(name + "-updates"); }
    std::vector<SourceEntry> entries = {main};
    if (!rolling && !mirrors.security.empty()) {
        entries.push_back({.uris = {mirrors.security},
                           .suites = {name + "-security"},
                           .components = components,
                           .signed_by = mirrors.signed_by,
                           .name = "debian-security"});
    }
    return entries;
}

} // namespace ingot::builder::packages
