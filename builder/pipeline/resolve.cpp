#include "builder/pipeline/resolve.hpp"

#include <algorithm>

#include "builder/packages/messages.hpp"
#include "builder/pipeline/plan.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::pipeline {

namespace {

namespace fs = std::filesystem;

/// A fault of apt about a package becomes one about the line that names it.
Error with_place(Error error, const spec::Role& role) {
    const auto name = packages::package_in_question(error.message);
    if (name.empty()) { return error; }
    for (const auto& layer : role.layers) {
        for (const auto& word : layer.packages) {
            if (word.text != name) { continue; }
            Faults faults;
            faults.add(word.position, text::format("there is no package '{}' in {}", name, role.suite));
            return faults.to_error();
        }
    }
    return error;
}

} // namespace

Result<std::vector<spec::Role>> load_specs(const BuildRequest& request) {
    std::vector<spec::Role> roles;
    std::vector<std::string> faults;
    for (const auto& name : request.roles) {
        if (std::ranges::find(roles, name, &spec::Role::name) != roles.end()) { continue; }
        auto role = spec::load(request.specs, request.overlays, name);
        if (!role && role.error().kind != ErrorKind::invalid_input) { return std::move(role).error(); }
        if (!role) {
            // base.yaml's faults are those of every role: said once.
            for (auto& line : text::lines(role.error().message)) {
                if (std::ranges::find(faults, line) == faults.end()) { faults.push_back(std::move(line)); }
            }
            continue;
        }
        if (!request.suite.empty()) { spec::change_suite(*role, request.suite); }
        if (!request.formats.empty()) {
            role->formats = request.formats;
            INGOT_TRY(spec::check_formats(*role), "");
        }
        roles.push_back(*std::move(role));
    }
    if (!faults.empty()) { return fail(ErrorKind::invalid_input, text::join(faults, "\n")); }
    return roles;
}

Result<std::vector<AptGroup>> group_roles(const BuildRequest& request, const std::vector<spec::Role>& roles,
                                          process::Processes& processes) {
    std::vector<AptGroup> groups;
    for (const auto& role : roles) {
        INGOT_ASSIGN(auto sources, sources_of(role, request, files::Root()), "");
        const auto same = std::ranges::find(groups, sources, &AptGroup::sources);
        if (same != groups.end()) {
            same->roles.push_back(role);
            continue;
        }
        const auto digest = crypto::sha256_hex(packages::render_sources(sources)).substr(0, 12);
        auto name = text::replace_all(role.suite, "/", "_");
        INGOT_ASSIGN(
            auto apt,
            packages::Apt::open(processes, {.folder = request.cache / "apt" / text::format("{}-{}", name, digest),
                                            .sources = sources,
                                            .architecture = kArchitecture}),
            "");
        groups.push_back({std::move(apt), std::move(sources), {role}});
    }
    return groups;
}

Result<bool> refresh_if_possible(const BuildRequest& request, packages::Apt& apt, progress::Progress& progress) {
    const auto maximum_age = request.maximum_index_age;
    auto asked = apt.refresh(maximum_age);
    const auto age = apt.index_age();
    const bool must = maximum_age == std::chrono::seconds(0);
    if (asked || asked.error().kind != ErrorKind::transient || !age || must) { return asked; }
    constexpr int kSecondsPerHour = 3600;
    progress.phase("packages", text::format("the mirror does not answer; going on with indexes {} h old",
                                            age->count() / kSecondsPerHour));
    return true;
}

Result<std::vector<lock::LayerPackages>> resolve_role(const spec::Role& role, packages::Apt& apt,
                                                      const std::optional<AgentPackage>& agent,
                                                      const packages::PackageSet& hold) {
    std::vector<lock::LayerPackages> layers;
    packages::PackageSet below;
    for (const auto& layer : role.layers) {
        const bool bottom = layers.empty();
        packages::Request wanted{.base = below, .essential = bottom, .hold = hold};
        for (const auto& word : layer.packages) { wanted.names.push_back(word.text); }
        if (bottom && agent) {
            wanted.local_deb = agent->deb;
            wanted.local_name = agent->name;
        }
        auto whole = apt.resolve(wanted);
        if (!whole) { return with_place(std::move(whole).error(), role); }
        lock::LayerPackages result;
        INGOT_ASSIGN(result.packages, packages::difference(*whole, below), "resolving the packages of " + layer.name);
        if (bottom) { INGOT_ASSIGN(result.essential, apt.resolve({.essential = true, .hold = hold}), ""); }
        below = *std::move(whole);
        layers.push_back(std::move(result));
    }
    return layers;
}

Result<std::vector<std::pair<std::string, std::string>>> source_keys(const spec::Role& role,
                                                                     const BuildRequest& request) {
    std::vector<std::pair<std::string, std::string>> keys;
    for (const auto& layer : role.layers) {
        for (const auto& source : layer.sources) {
            INGOT_ASSIGN(auto digest, crypto::sha256_file(request.specs / source.signed_by.text),
                         "reading the key of " + source.name);
            keys.emplace_back(source.name, std::move(digest));
        }
    }
    return keys;
}

fs::path lock_file(const BuildRequest& request, const spec::Role& role) {
    return request.specs / (role.name + ".lock.yaml");
}

Result<lock::Lock> read_lock(const BuildRequest& request, const spec::Role& role,
                             const std::vector<packages::SourceEntry>& sources) {
    lock::Lock lock;
    Faults faults;
    if (const auto given = request.locks.find(role.name); given != request.locks.end()) {
        lock = given->second;
    } else {
        const auto file = lock_file(request, role);
        INGOT_ASSIGN(const auto text, files::read_if_exists(file), "reading " + file.string());
        if (!text) {
            return fail(ErrorKind::invalid_input,
                        text::format("there is no lock {}; `ingot lock {}` writes it", file.string(), role.name));
        }
        lock = lock::parse(*text, file.string(), faults);
        if (!faults.empty()) { return faults.to_error(); }
    }
    INGOT_ASSIGN(const auto keys, source_keys(role, request), "");
    faults = lock::check(lock, role, kArchitecture, sources, keys);
    if (!faults.empty()) { return faults.to_error(); }
    return lock;
}

Status keep_agent(const packages::Store& store, const std::optional<AgentPackage>& agent) {
    if (!agent) { return {}; }
    const auto target = store.path_of({.sha256 = agent->sha256});
    if (files::exists(target)) { return {}; }
    INGOT_ASSIGN(const auto content, files::read(agent->deb), "");
    return files::write(target, content);
}

Error explain_unfetched(const std::vector<packages::Unfetched>& unfetched, const std::vector<lock::Lock>& locks) {
    // What time cannot heal comes first: it decides the kind.
    auto kind = ErrorKind::transient;
    std::vector<std::string> lines;
    for (const auto& fault : unfetched) {
        const auto& package = fault.package;
        std::string place;
        for (const auto& lock : locks) {
            const auto* entry = lock::find(lock, package.name);
            if (entry == nullptr || entry->package.sha256 != package.sha256) { continue; }
            place = entry->position.to_string();
            break;
        }
        const auto which = text::format("{}{}{} {}", place, place.empty() ? "" : ": ", package.name, package.version);
        switch (fault.kind) {
        case ErrorKind::refused:
            lines.push_back(text::format("{}: {} is not the file that was locked (SHA-256 {}): {}", which,
                                         package.uri, package.sha256, fault.reason));
            break;
        case ErrorKind::not_found:
            lines.push_back(text::format("{}: the mirror no longer has {} ({}), and it is not in our package store. "
                                         "Copy it from the cache of a machine that built with it, or take what the "
                                         "mirror has: ingot lock --update {}",
                                         which, package.uri, fault.reason, package.name));
            break;
        default: lines.push_back(text::format("{}: {}: {}", which, package.uri, fault.reason)); break;
        }
        if (fault.kind == ErrorKind::refused || kind == ErrorKind::transient) { kind = fault.kind; }
    }
    return fail(kind, text::join(lines, "\n"));
}

} // namespace ingot::builder::pipeline
