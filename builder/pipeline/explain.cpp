#include "builder/pipeline/explain.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <system_error>

#include <unistd.h>

#include "builder/artefacts/artefacts.hpp"
#include "builder/pipeline/plan.hpp"
#include "builder/pipeline/resolve.hpp"
#include "builder/rootfs/layers.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::pipeline {

namespace {

namespace fs = std::filesystem;

/// The lines of a key: "name: value"; lines that go on are part of the value.
using KeyLines = std::vector<std::pair<std::string, std::string>>;

KeyLines lines_of(std::string_view key) {
    KeyLines lines;
    for (const auto& line : text::lines(key)) {
        if (line.starts_with("  ") && !lines.empty()) {
            lines.back().second += "\n" + line.substr(2);
            continue;
        }
        const auto colon = line.find(": ");
        if (colon == std::string::npos) {
            lines.emplace_back(std::string(text::trim(line)), "");
        } else {
            lines.emplace_back(line.substr(0, colon), line.substr(colon + 2));
        }
    }
    return lines;
}

std::string value_of(const KeyLines& lines, std::string_view name) {
    const auto found = std::ranges::find(lines, name, [](const auto& line) { return line.first; });
    return found == lines.end() ? std::string() : found->second;
}

/// Layers of the same kind that belong to the same spec or role can be compared.
bool same_place(const KeyLines& a, const KeyLines& b) {
    const auto same = [&](std::string_view name) { return value_of(a, name) == value_of(b, name); };
    return same("kind") && same("name") && same("role");
}

/// Of a package, its name.
std::string subject_of(const std::string& value) { return value.substr(0, value.find(' ')); }

struct Changes {
    std::vector<std::string> sentences{};
    std::map<std::string, std::pair<std::string, std::string>> packages{}; ///< name → versions before and after
};

std::string version_of(const std::string& package) {
    const auto words = text::split(package, ' ');
    return words.size() > 1 ? words[1] : std::string();
}

/// Lines of which a key may have many, each for itself.
bool is_list(std::string_view name) {
    constexpr std::array kLists = {"drop", "keep", "enable", "disable", "mask", "asked for"};
    return std::ranges::find(kLists, name) != kLists.end();
}

std::string list_sentence(std::string_view name, const std::string& value, bool now) {
    const auto turn = now ? "now" : "no more";
    if (name == "drop") { return text::format("trim: {} is {} left out", value, turn); }
    if (name == "keep") { return text::format("trim: {} is {} kept", value, turn); }
    if (name == "asked for") { return text::format("{} is {} asked for", value, turn); }
    return text::format("{} is {} {}d", value, turn, name == "mask" ? "maske" : name);
}

std::string sentence(std::string_view name, const std::string& value) {
    constexpr std::string_view kBefore = "before ";
    if (name.starts_with(kBefore)) {
        return text::format("the file {} has another content", name.substr(kBefore.size()));
    }
    if (name == "overlay") {
        return text::format("files of the overlay {} changed", value.substr(0, value.find(' ')));
    }
    if (name == "parent") { return "what is below it changes"; }
    if (name == "initrd") { return "the initrd changes"; }
    if (name == "recipe") { return "this version of ingot makes layers in another way"; }
    if (name == "agent") { return "the agent's package is another one"; }
    if (name == "time") { return "SOURCE_DATE_EPOCH is another one"; }
    if (name == "sources") { return "apt's sources are others"; }
    if (name == "key") { return "a key of apt's sources is another one"; }
    return text::format("{} changed", name);
}

void compare(const KeyLines& before, const KeyLines& after, Changes& changes) {
    const std::set<std::pair<std::string, std::string>> old(before.begin(), before.end());
    const std::set<std::pair<std::string, std::string>> fresh(after.begin(), after.end());
    const auto add = [&](const std::string& text) {
        if (std::ranges::find(changes.sentences, text) == changes.sentences.end()) {
            changes.sentences.push_back(text);
        }
    };
    for (const auto& [name, value] : after) {
        if (old.contains({name, value})) { continue; }
        if (name == "package") {
            changes.packages[subject_of(value)].second = version_of(value);
        } else {
            add(is_list(name) ? list_sentence(name, value, true) : sentence(name, value));
        }
    }
    for (const auto& [name, value] : before) {
        if (fresh.contains({name, value})) { continue; }
        if (name == "package") {
            changes.packages[subject_of(value)].first = version_of(value);
        } else if (is_list(name)) {
            add(list_sentence(name, value, false));
        } else {
            add(sentence(name, value)); // said already, unless the line is gone
        }
    }
}

std::string package_sentence(const std::string& name, const std::pair<std::string, std::string>& versions) {
    if (versions.first.empty()) { return text::format("package {} {} is new", name, versions.second); }
    if (versions.second.empty()) { return text::format("package {} is gone", name); }
    if (versions.first == versions.second) {
        return text::format("package {} {} has another hash", name, versions.first);
    }
    return text::format("package {} {} → {}", name, versions.first, versions.second);
}

struct Context {
    const BuildRequest& request;
    packages::Store store;
    std::vector<std::string> known;
    std::set<std::string> keys; ///< hashes of those
    packages::PackageSet missing{};
};

ExplainedLayer explain_layer(Context& context, std::string name, const rootfs::LayerKey& key) {
    ExplainedLayer layer{.name = std::move(name), .key = key.hash()};
    layer.cached = context.request.use_layer_cache && context.keys.contains(layer.key);
    if (layer.cached) { return layer; }
    layer.reasons = context.request.use_layer_cache ? reasons_for(key.text(), context.known)
                                                    : std::vector<std::string>{"--no-layer-cache was given"};
    return layer;
}

/// True if the image that lies there is the one that would be made. Its files are believed; a build hashes them.
bool is_unchanged(const RolePlan& plan, const fs::path& folder) {
    const auto text = files::read(folder / "manifest.json");
    if (!text) { return false; }
    const auto manifest = artefacts::parse_manifest(*text);
    if (!manifest || manifest->inputs != plan.inputs) { return false; }
    return std::ranges::all_of(manifest->files, [&](const artefacts::ManifestFile& file) {
        std::error_code problem;
        return fs::file_size(folder / file.name, problem) == file.size && !problem;
    });
}

ExplainedRole explain_role(Context& context, const RolePlan& plan) {
    ExplainedRole role{.name = plan.role.name,
                       .suite = plan.role.suite,
                       .agent = plan.agent_version,
                       .packages = plan.image.packages.size(),
                       .output = context.request.output / plan.role.name};
    for (const auto& step : plan.steps) {
        auto layer = explain_layer(context, "packages " + step.layer.name, step.key);
        layer.packages = step.layer.packages.size();
        if (!layer.cached) {
            const auto missing = context.store.missing(step.layer.packages);
            layer.missing_packages = missing.size();
            layer.missing_bytes = packages::total_size(missing);
            std::ranges::copy(missing, std::back_inserter(context.missing));
        }
        role.layers.push_back(std::move(layer));
    }
    if (plan.initrd) { role.layers.push_back(explain_layer(context, "initrd", plan.initrd->key)); }
    auto image = explain_layer(context, "image " + role.name, plan.image_key);
    for (const auto& overlay : plan.image.overlays) { image.overlays.push_back(overlay.filename().string()); }
    role.layers.push_back(std::move(image));
    for (const auto format : plan.packing.formats) {
        role.formats.emplace_back(spec::to_string(format));
        for (auto& file : artefacts::file_names(format)) {
            if (std::ranges::find(role.files, file) == role.files.end()) { role.files.push_back(std::move(file)); }
        }
    }
    role.unchanged = context.request.use_layer_cache && is_unchanged(plan, role.output);
    return role;
}

Result<std::vector<lock::LayerPackages>> layers_of(const BuildRequest& request, const spec::Role& role,
                                                   AptGroup& group, const std::optional<AgentPackage>& agent) {
    if (!request.locked) { return resolve_role(role, group.apt, agent); }
    INGOT_ASSIGN(const auto lock, read_lock(request, role, group.sources), "");
    return lock::packages_of(lock, group.sources);
}

} // namespace

std::vector<std::string> reasons_for(std::string_view key, const std::vector<std::string>& known, std::size_t limit) {
    const auto after = lines_of(key);
    const auto last =
        std::ranges::find_if(known, [&](const std::string& one) { return same_place(lines_of(one), after); });
    if (last == known.end()) { return {"it has never been made, or its last one was removed"}; }
    Changes changes;
    compare(lines_of(*last), after, changes);
    for (const auto& [name, versions] : changes.packages) {
        changes.sentences.push_back(package_sentence(name, versions));
    }
    if (changes.sentences.size() > limit) {
        const auto more = changes.sentences.size() - limit;
        changes.sentences.resize(limit);
        changes.sentences.push_back(text::format("and {} more changes", more));
    }
    return changes.sentences;
}

Result<Explanation> explain(const BuildRequest& request, process::Processes& processes,
                            progress::Progress& progress) {
    INGOT_ASSIGN(const auto roles, load_specs(request), "");
    INGOT_ASSIGN(const auto agent, read_agent(processes, request.agent_deb), "");
    INGOT_ASSIGN(auto groups, group_roles(request, roles, processes), "");
    // Where a build by this user would have its layers.
    const auto folder = ::geteuid() == 0 ? request.cache : request.cache / "without-root";
    Context context{.request = request,
                    .store = packages::Store(request.cache / "packages"),
                    .known = rootfs::LayerCache(folder).known_keys(),
                    .keys = {}};
    for (const auto& key : context.known) { context.keys.insert(crypto::sha256_hex(key)); }
    Explanation explanation;
    for (auto& group : groups) {
        if (!request.locked) { INGOT_TRY(refresh_if_possible(request, group.apt, progress), ""); }
        for (const auto& role : group.roles) {
            INGOT_ASSIGN(const auto layers, layers_of(request, role, group, agent), "planning " + role.name);
            INGOT_ASSIGN(const auto plan, plan_role(role, request, layers, group.sources, agent),
                         "planning " + role.name);
            explanation.roles.push_back(explain_role(context, plan));
        }
    }
    const auto order = [](const packages::Package& package) { return std::pair(package.name, package.sha256); };
    std::ranges::sort(context.missing, {}, order);
    const auto twice = std::ranges::unique(context.missing, {}, order);
    context.missing.erase(twice.begin(), twice.end());
    explanation.missing_packages = context.missing.size();
    explanation.missing_bytes = packages::total_size(context.missing);
    return explanation;
}

} // namespace ingot::builder::pipeline
