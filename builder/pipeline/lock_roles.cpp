#include "builder/pipeline/lock_roles.hpp"

#include <algorithm>

#include "builder/pipeline/cache.hpp"
#include "builder/pipeline/plan.hpp"
#include "builder/pipeline/resolve.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::pipeline {

namespace {

/// The lock as it stands; nothing if there is none.
Result<std::optional<lock::Lock>> lock_before(const BuildRequest& request, const spec::Role& role) {
    const auto file = lock_file(request, role);
    INGOT_ASSIGN(const auto text, files::read_if_exists(file), "reading " + file.string());
    if (!text) { return std::optional<lock::Lock>{}; }
    Faults faults;
    auto lock = lock::parse(*text, file.string(), faults);
    if (!faults.empty()) { return faults.to_error(); }
    return std::optional(std::move(lock));
}

/// The packages that keep their version.
Result<packages::PackageSet> held(const LockRequest& request, const std::optional<lock::Lock>& before) {
    if (!before || (request.update && request.only.empty())) { return packages::PackageSet{}; }
    auto all = lock::all_of(*before);
    for (const auto& name : request.only) {
        const auto found = std::ranges::find(all, name, &packages::Package::name);
        if (found == all.end()) {
            std::vector<std::string> names;
            for (const auto& package : all) { names.push_back(package.name); }
            const auto near = text::nearest(name, names);
            return fail(ErrorKind::invalid_input,
                        text::format("the package '{}' is not in {}{}", name, before->file,
                                     near ? text::format(" (did you mean '{}'?)", *near) : std::string()));
        }
        all.erase(found);
    }
    return all;
}

/// The roles that no other role extends.
Result<std::vector<std::string>> all_roles(const BuildRequest& request) {
    INGOT_ASSIGN(const auto entries, files::list(request.specs), "looking for role specs");
    std::vector<std::string> names;
    for (const auto& entry : entries) {
        constexpr std::string_view kEnding = ".yaml";
        if (!entry.ends_with(kEnding) || entry.ends_with(".lock.yaml")) { continue; }
        names.push_back(entry.substr(0, entry.size() - kEnding.size()));
    }
    auto asked = request;
    asked.roles = names;
    INGOT_ASSIGN(const auto roles, load_specs(asked), "");
    for (const auto& role : roles) {
        for (const auto& layer : role.layers) {
            if (layer.name != role.name) { std::erase(names, layer.name); }
        }
    }
    return names;
}

Result<LockedRole> lock_role(const LockRequest& request, AptGroup& group, const spec::Role& role,
                             const std::optional<AgentPackage>& agent, progress::Progress& progress) {
    const auto& build = request.build;
    INGOT_ASSIGN(const auto before, lock_before(build, role), "");
    INGOT_ASSIGN(const auto hold, held(request, before), "");
    INGOT_ASSIGN(const auto layers, resolve_role(role, group.apt, agent, hold), "resolving " + role.name);
    INGOT_ASSIGN(const auto keys, source_keys(role, build), "");
    const auto lock = lock::lock_of(role, kArchitecture, layers, group.sources, keys);
    const auto all = lock::all_of(lock);
    LockedRole result{.file = lock_file(build, role), .packages = all.size(), .fresh = !before};
    if (before) { result.changes = lock::changes_between(lock::all_of(*before), all); }
    if (request.fetch) {
        const packages::Store store(build.cache / "packages");
        const auto phase = text::format("fetching {} packages", store.missing(all).size());
        progress.phase(role.name, phase);
        packages::PackageSet whole;
        for (const auto& layer : layers) { whole = packages::merged(whole, layer.packages); }
        INGOT_TRY(
            group.apt.fetch(whole, store,
                            [&](std::size_t count) { progress.phase(role.name, phase, text::format("{}", count)); }),
            "fetching the packages of " + role.name);
    }
    if (request.write) {
        INGOT_ASSIGN(result.written, files::write_if_different(result.file, lock::render(lock)), "");
    }
    return result;
}

} // namespace

Result<std::vector<LockedRole>> lock_roles(const LockRequest& given, process::Processes& processes,
                                           progress::Progress& progress) {
    auto request = given;
    auto& build = request.build;
    if (build.roles.empty()) { INGOT_ASSIGN(build.roles, all_roles(build), ""); }
    INGOT_ASSIGN(const auto roles, load_specs(build), "");
    INGOT_ASSIGN(const auto held_lock, open_cache(build.cache, progress), "");
    INGOT_ASSIGN(const auto agent, read_agent(processes, build.agent_deb), "");
    INGOT_ASSIGN(auto groups, group_roles(build, roles, processes), "");
    std::vector<LockedRole> locked;
    for (auto& group : groups) {
        progress.phase("packages", "resolving");
        INGOT_TRY(refresh_if_possible(build, group.apt, progress), "");
        for (const auto& role : group.roles) {
            INGOT_ASSIGN(auto one, lock_role(request, group, role, agent, progress), "");
            locked.push_back(std::move(one));
        }
    }
    progress.done("packages", "resolved");
    return locked;
}

} // namespace ingot::builder::pipeline
