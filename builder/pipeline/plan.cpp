#include "builder/pipeline/plan.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <system_error>

#include "builder/artefacts/artefacts.hpp"
#include "builder/packages/apt.hpp"
#include "builder/packages/version.hpp"
#include "builder/rootfs/initrd.hpp"
#include "builder/rootfs/tree.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::pipeline {

namespace {

namespace fs = std::filesystem;

struct Tool {
    const char* program;
    const char* package;
};

constexpr std::array kTools = {Tool{"apt-get", "apt"}, Tool{"dpkg-deb", "dpkg"}, Tool{"tar", "tar"},
                               Tool{"unshare", "util-linux"}};
constexpr Tool kSquashfsTool = {"mksquashfs", "squashfs-tools"};
constexpr std::array kDiskTools = {Tool{"mkfs.ext4", "e2fsprogs"}, Tool{"grub-mkimage", "grub-common"}};

/// A program that the agent configures, since when it has what the agent asks of it, and what that is.
struct Needed {
    std::string_view package;
    std::string_view version;
    std::string_view what;
};
constexpr std::array kNeeded = {
    Needed{"etcd-server", "3.4", "learners"},
    Needed{"haproxy", "2.4", "servers that are added at run time"},
    Needed{"patroni", "4.0", "synchronous by quorum, slots of members that went, what a replica streams"},
    Needed{"pgbackrest", "2.52", "block incremental backups"},
    Needed{"pgbouncer", "1.21", "prepared statements in transaction mode, auth_dbname"},
};

Position place_of(const spec::Role& role, std::string_view package) {
    for (const auto& layer : role.layers) {
        const auto word = std::ranges::find(layer.packages, package, &spec::Word::text);
        if (word != layer.packages.end()) { return word->position; }
    }
    return {};
}

std::vector<std::string> names_of(const std::vector<spec::Word>& words) {
    std::vector<std::string> names;
    names.reserve(words.size());
    for (const auto& word : words) { names.push_back(word.text); }
    return names;
}

/// The Debian keyring of this machine.
Result<fs::path> debian_keyring(const files::Root& machine) {
    for (const auto* name :
         {"/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp"}) {
        if (files::exists(machine.at(name))) { return machine.at(name); }
    }
    return fail(ErrorKind::not_found, "the keys of the Debian archive are not on this machine: install the package "
                                      "'debian-archive-keyring'");
}

Result<packages::Mirrors> mirrors_of(const BuildRequest& request, const files::Root& machine) {
    packages::Mirrors mirrors;
    if (!request.mirror.empty()) {
        mirrors = packages::given_mirror(request.mirror);
        if (!request.security_mirror.empty()) { mirrors.security = request.security_mirror; }
        mirrors.signed_by = request.keyring.empty() ? std::string() : fs::absolute(request.keyring).string();
    } else {
        INGOT_ASSIGN(const auto entries, packages::machine_sources(machine), "reading this machine's apt sources");
        mirrors = packages::debian_mirrors(entries);
    }
    if (mirrors.main.empty()) {
        return fail(ErrorKind::invalid_input,
                    "this machine's apt is not configured for the Debian archive; name a mirror with --mirror");
    }
    for (const auto& uri : {mirrors.main, mirrors.security}) {
        const auto authority =
            uri.substr(0, uri.find('/', uri.find("://") == std::string::npos ? 0 : uri.find("://") + 3));
        if (authority.find('@') == std::string::npos) { continue; }
        return fail(ErrorKind::invalid_input,
                    "the mirror's address holds a password, which would get into the image; "
                    "put it into /etc/apt/auth.conf instead");
    }
    if (mirrors.signed_by.empty()) {
        INGOT_ASSIGN(const auto keyring, debian_keyring(machine), "");
        mirrors.signed_by = keyring.string();
    }
    if (!files::exists(mirrors.signed_by)) {
        return fail(ErrorKind::not_found, "there is no keyring " + mirrors.signed_by);
    }
    return mirrors;
}

void add_spec(rootfs::LayerKey& key, const spec::Layer& layer) {
    key.add("drop", layer.trim.drop).add("keep", layer.trim.keep);
    for (const auto& file : layer.before_packages) { key.add("before " + file.path, file.content); }
}

Status add_image_inputs(rootfs::LayerKey& key, const rootfs::ImageLayer& image,
                        const std::optional<AgentPackage>& agent) {
    key.add("role", image.role).add("agent", agent ? agent->sha256 : std::string("none"));
    for (const auto& overlay : image.overlays) {
        INGOT_ASSIGN(const auto digest, rootfs::tree_digest(overlay), "reading the overlay " + overlay.string());
        key.add("overlay", overlay.filename().string() + " " + digest);
    }
    for (const auto& units : image.units) {
        key.add("enable", names_of(units.enable))
            .add("disable", names_of(units.disable))
            .add("mask", names_of(units.mask));
    }
    key.add("sources", packages::render_sources(image.sources)).add("asked for", image.asked_for);
    for (const auto& file : image.keys) {
        INGOT_ASSIGN(const auto digest, crypto::sha256_file(file), "reading the key " + file.string());
        key.add("key", digest);
    }
    return {};
}

} // namespace

Status check_versions(const spec::Role& role, const packages::PackageSet& chosen) {
    Faults faults;
    for (const auto& needed : kNeeded) {
        const auto found = std::ranges::find(chosen, needed.package, &packages::Package::name);
        if (found == chosen.end() || packages::compare_versions(found->version, needed.version) >= 0) { continue; }
        faults.add(place_of(role, needed.package),
                   text::format("{} {} of {} is too old: the agent needs {}, for {}", needed.package, found->version,
                                role.suite, needed.version, needed.what),
                   "another suite has a newer one, or a repository under `sources:` (docs/images.md)");
    }
    return faults.empty() ? Status() : faults.to_error();
}

Status check_tools(const std::vector<spec::Role>& roles, const std::vector<fs::path>& search_path) {
    std::vector<Tool> needed(kTools.begin(), kTools.end());
    const auto wanted = [&](std::initializer_list<spec::Format> formats) {
        return std::ranges::any_of(roles, [&](const spec::Role& role) {
            return std::ranges::find_first_of(role.formats, formats) != role.formats.end();
        });
    };
    if (wanted({spec::Format::squashfs, spec::Format::netboot})) { needed.push_back(kSquashfsTool); }
    if (wanted({spec::Format::raw, spec::Format::raw_zst, spec::Format::qcow2})) {
        needed.insert(needed.end(), kDiskTools.begin(), kDiskTools.end());
    }
    std::vector<std::string> programs;
    std::vector<std::string> missing;
    for (const auto& tool : needed) {
        const bool found = std::ranges::any_of(
            search_path, [&](const fs::path& folder) { return files::exists(folder / tool.program); });
        if (found) { continue; }
        programs.emplace_back(tool.program);
        missing.emplace_back(tool.package);
    }
    if (missing.empty()) { return {}; }
    return fail(ErrorKind::not_found, text::format("this machine lacks {}, which building needs: apt-get install {}",
                                                   text::join(programs, ", "), text::join(missing, " ")));
}

Result<std::optional<AgentPackage>> read_agent(process::Processes& processes, const std::optional<fs::path>& deb) {
    if (!deb) { return std::optional<AgentPackage>{}; }
    INGOT_ASSIGN(const auto fields,
                 process::run_checked(processes, {.argv = {"dpkg-deb", "--show", "--showformat",
                                                           "${Package}\\n${Version}\\n", deb->string()}}),
                 "reading " + deb->string());
    const auto lines = text::lines(fields.out);
    if (lines.size() != 2) { return fail(ErrorKind::invalid_input, deb->string() + " is not a package"); }
    INGOT_ASSIGN(auto digest, crypto::sha256_file(*deb), "");
    return std::optional(
        AgentPackage{.deb = *deb, .name = lines[0], .version = lines[1], .sha256 = std::move(digest)});
}

Result<std::vector<packages::SourceEntry>> sources_of(const spec::Role& role, const BuildRequest& request,
                                                      const files::Root& machine) {
    INGOT_ASSIGN(const auto mirrors, mirrors_of(request, machine), "");
    auto sources = packages::sources_for(role.suite, mirrors, spec::components_of(role.kernel.flavour));
    for (const auto& layer : role.layers) {
        for (const auto& extra : layer.sources) {
            packages::SourceEntry entry{.uris = extra.uris,
                                        .suites = extra.suites,
                                        .components = extra.components,
                                        .signed_by = fs::absolute(request.specs / extra.signed_by.text).string(),
                                        .name = extra.name};
            for (auto& suite : entry.suites) { suite = text::replace_all(suite, "{suite}", role.suite); }
            sources.push_back(std::move(entry));
        }
    }
    return sources;
}

Result<RolePlan> plan_role(const spec::Role& role, const BuildRequest& request,
                           const std::vector<lock::LayerPackages>& layers,
                           const std::vector<packages::SourceEntry>& sources,
                           const std::optional<AgentPackage>& agent) {
    RolePlan plan{.role = role,
                  .steps = {},
                  .initrd = {},
                  .image = {.role = role.node_role},
                  .image_key = rootfs::LayerKey("image", ""),
                  .inputs = {},
                  .agent_version = agent ? agent->version : std::string()};
    if (layers.size() != role.layers.size()) { return fail(ErrorKind::bug, "packages for other layers"); }
    packages::PackageSet below;
    std::string parent;
    for (std::size_t index = 0; index < layers.size(); ++index) {
        const auto& layer = role.layers[index];
        rootfs::PackageLayer step{.packages = layers[index].packages,
                                  .essential = layers[index].essential,
                                  .before = layer.before_packages,
                                  .trim = layer.trim,
                                  .name = layer.name};
        rootfs::LayerKey key("packages", parent);
        key.add("name", layer.name).add(step.packages);
        add_spec(key, layer);
        if (request.source_date_epoch) { key.add("time", text::format("{}", *request.source_date_epoch)); }
        parent = key.hash();
        below = packages::merged(below, step.packages);
        plan.steps.push_back({std::move(step), std::move(key)});

        for (const auto& overlay : layer.overlays) { plan.image.overlays.push_back(request.overlays / overlay.text); }
        plan.image.units.push_back(layer.units);
        std::ranges::move(names_of(layer.packages), std::back_inserter(plan.image.asked_for));
    }
    if (agent) {
        INGOT_TRY(check_versions(role, below), "");
        plan.image.agent_deb = agent->deb;
    }
    plan.image.packages = std::move(below);
    plan.image.sources = sources;
    std::set<std::string> keys;
    for (auto& entry : plan.image.sources) {
        if (keys.insert(entry.signed_by).second) { plan.image.keys.emplace_back(entry.signed_by); }
        entry.signed_by = rootfs::key_in_image(entry.signed_by);
    }
    plan.image_key = rootfs::LayerKey("image", parent);
    if (role.kernel.flavour != spec::Flavour::none) {
        plan.initrd = {.overlays = plan.image.overlays, .key = {"initrd", plan.steps.front().key.hash()}};
        INGOT_ASSIGN(const auto digests, rootfs::initrd_digests(plan.image.overlays), "");
        plan.initrd->key.add("settings", digests);
        plan.image_key.add("initrd", plan.initrd->key.hash());
    }
    INGOT_TRY(add_image_inputs(plan.image_key, plan.image, agent), "");
    plan.packing = {.formats = role.formats,
                    .seed = plan.image_key.hash(),
                    .command_line = role.kernel.command_line,
                    .free_bytes = role.disk.free_bytes,
                    .installer = request.installer,
                    .public_key = request.public_key};
    plan.inputs = artefacts::inputs_of(plan.image_key.hash(), plan.packing);
    return plan;
}

} // namespace ingot::builder::pipeline
