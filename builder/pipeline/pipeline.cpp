#include "builder/pipeline/pipeline.hpp"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <semaphore>
#include <system_error>
#include <thread>

#include "builder/artefacts/artefacts.hpp"
#include "builder/packages/flat.hpp"
#include "builder/pipeline/cache.hpp"
#include "builder/pipeline/plan.hpp"
#include "builder/pipeline/resolve.hpp"
#include "builder/rootfs/initrd.hpp"
#include "builder/rootfs/isolation.hpp"
#include "builder/rootfs/mounts.hpp"
#include "builder/rootfs/user_namespace.hpp"
#include "builder/rootfs/verify.hpp"
#include "builder/rootfs/working_root.hpp"
#include "builder/trust/keys.hpp"
#include "builder/trust/sbom.hpp"
#include "common/crypto/signature.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::pipeline {

namespace {

namespace fs = std::filesystem;

constexpr auto kUnused = std::chrono::hours(24 * 14);
constexpr std::ptrdiff_t kMostJobs = 64;

/// Everything the roles of one build share.
struct Shared {
    const BuildRequest& request;
    process::Processes& processes;
    progress::Progress& progress;
    packages::Store store;
    packages::FlatStore flat;
    artefacts::KnownDigests digests;
    rootfs::LayerCache layers;
    std::optional<AgentPackage> agent;
    std::mutex mutex{};
    std::map<std::string, std::unique_ptr<std::mutex>> making{}; ///< one per layer key
    std::map<std::string, bool> made{};                          ///< by this run

    std::mutex& lock_of(const std::string& key) {
        const std::lock_guard lock(mutex);
        auto& entry = making[key];
        if (!entry) { entry = std::make_unique<std::mutex>(); }
        return *entry;
    }
    /// A cached layer may be used if the cache is on, or if this very run made it.
    std::optional<rootfs::Layer> usable(const std::string& key) {
        const std::lock_guard lock(mutex);
        if (!request.use_layer_cache && !made[key]) { return std::nullopt; }
        return layers.find(key);
    }
    void mark_made(const std::string& key) {
        const std::lock_guard lock(mutex);
        made[key] = true;
    }
};

std::vector<fs::path> roots_of(const std::vector<rootfs::Layer>& below) {
    std::vector<fs::path> roots;
    for (const auto& layer : below) { roots.insert(roots.begin(), layer.root); }
    return roots; // topmost first
}

rootfs::Report reporter(progress::Progress& progress, std::string name) {
    return [&progress, name = std::move(name)](std::string_view phase, std::string_view detail) {
        progress.phase(name, phase, detail);
    };
}

Result<rootfs::Layer> make_package_layer(Shared& shared, const PackageStep& step,
                                         const std::vector<rootfs::Layer>& below) {
    const auto& layer = step.layer;
    INGOT_ASSIGN(const auto newest, shared.store.newest_build_time(layer.packages), "");
    const auto time = shared.request.source_date_epoch.value_or(
        std::max(newest, below.empty() ? std::int64_t{0} : below.back().time));
    INGOT_ASSIGN(const auto workspace, shared.layers.workspace(layer.name + "-" + step.key.hash().substr(0, 12)), "");
    const auto debs = workspace / "packages";
    INGOT_TRY(files::make_directory(debs), "");
    INGOT_TRY(files::make_directory(workspace / "apt"), "");
    INGOT_TRY(shared.flat.lay_out(layer.packages, debs,
                                  [&](std::size_t count) {
                                      shared.progress.phase(layer.name, "decompressing packages",
                                                            text::format("{} of {}", count, layer.packages.size()));
                                  }),
              "");
    INGOT_ASSIGN(auto root, rootfs::WorkingRoot::open(workspace, roots_of(below), debs), "");
    INGOT_TRY(rootfs::install_packages(shared.processes, root.path(), layer, time, workspace / "apt",
                                       reporter(shared.progress, layer.name)),
              "");
    shared.progress.phase(layer.name, "keeping the layer");
    INGOT_ASSIGN(const auto upper, root.close(), "");
    return shared.layers.keep(step.key, workspace, upper, time);
}

Result<rootfs::Layer> make_initrd_layer(Shared& shared, const InitrdStep& step, const rootfs::Layer& below) {
    INGOT_ASSIGN(const auto workspace, shared.layers.workspace("initrd-" + step.key.hash().substr(0, 12)), "");
    INGOT_ASSIGN(auto root, rootfs::WorkingRoot::open(workspace, {below.root}), "");
    INGOT_TRY(rootfs::make_initrd(shared.processes, root.path(), step.overlays, below.time), "");
    INGOT_ASSIGN(const auto upper, root.close(), "");
    return shared.layers.keep(step.key, workspace, upper, below.time);
}

Result<rootfs::Layer> make_image_layer(Shared& shared, const RolePlan& plan,
                                       const std::vector<rootfs::Layer>& below) {
    const auto time = below.back().time;
    const auto& name = plan.role.name;
    shared.progress.phase(name, "laying the overlays and the agent over it");
    INGOT_ASSIGN(const auto workspace, shared.layers.workspace("image-" + name), "");
    INGOT_ASSIGN(auto root, rootfs::WorkingRoot::open(workspace, roots_of(below)), "");
    INGOT_TRY(rootfs::finish_image(shared.processes, root.path(), plan.image, time), "");
    shared.progress.phase(name, "checking the tree");
    INGOT_TRY(rootfs::verify_image(shared.processes, root.path(), plan.image.packages,
                                   shared.agent ? shared.agent->name : std::string(), time),
              "");
    INGOT_ASSIGN(const auto upper, root.close(), "");
    return shared.layers.keep(plan.image_key, workspace, upper, time);
}

/// The layer of `key`, made by `make` if nobody has made it before.
template <typename Make>
Result<rootfs::Layer> layer_for(Shared& shared, const std::string& key, Make make) {
    const std::lock_guard lock(shared.lock_of(key));
    if (auto found = shared.usable(key)) { return *std::move(found); }
    INGOT_ASSIGN(auto layer, make(), "");
    shared.mark_made(key);
    return layer;
}

/// Layers made in a user namespace note removed folders and owners in another way: never mixed with root's.
fs::path layer_folder(const fs::path& cache) { return rootfs::in_user_namespace() ? cache / "without-root" : cache; }

std::string git_revision(process::Processes& processes, const fs::path& folder) {
    const auto said = processes.run({.argv = {"git", "-c", "safe.directory=*", "-C", folder.string(), "rev-parse",
                                              "--verify", "--quiet", "HEAD"}});
    return said && said->exit_code == 0 ? std::string(text::trim(said->out)) : std::string();
}

std::vector<artefacts::ManifestLayer> layers_of(const RolePlan& plan) {
    const auto names = [](const packages::PackageSet& set) {
        std::vector<std::string> list;
        for (const auto& package : set) { list.push_back(package.name); }
        return list;
    };
    std::vector<artefacts::ManifestLayer> layers;
    for (const auto& [layer, key] : plan.steps) {
        layers.push_back({layer.name, names(layer.packages), names(layer.essential)});
    }
    return layers;
}

artefacts::Companions companions_of(const Shared& shared, const fs::path& tree) {
    artefacts::Companions companions;
    companions.bill = [&shared, tree](const artefacts::Manifest& manifest) -> Result<std::string> {
        INGOT_ASSIGN(const auto installed, trust::read_installed(tree), "");
        return trust::render_sbom(manifest, installed, shared.agent ? shared.agent->name : std::string());
    };
    if (const auto& key = shared.request.signing_key) {
        companions.signature = [&key](std::string_view manifest) { return crypto::sign(*key, manifest); };
    }
    return companions;
}

/// An image that is as it should be, but perhaps not signed by this key.
Status sign_again(const BuildRequest& request, const fs::path& folder) {
    if (!request.signing_key) { return {}; }
    INGOT_TRY(trust::sign_image(folder, *request.signing_key), "");
    return {};
}

Result<BuiltRole> build_role(Shared& shared, const RolePlan& plan) {
    const auto& name = plan.role.name;
    const auto& output = shared.request.output;
    if (shared.request.use_layer_cache) {
        if (auto manifest = artefacts::up_to_date(output, name, plan.inputs, shared.digests)) {
            INGOT_TRY(sign_again(shared.request, output / name), "signing " + name);
            shared.progress.done(name, "unchanged");
            return BuiltRole{.manifest = *std::move(manifest), .folder = output / name, .unchanged = true};
        }
    }
    std::vector<rootfs::Layer> below;
    std::future<Result<rootfs::Layer>> initrd; // made while the packages of the next layers are installed
    for (const auto& step : plan.steps) {
        shared.progress.phase(name, "layer " + step.layer.name);
        INGOT_ASSIGN(auto layer,
                     layer_for(shared, step.key.hash(), [&] { return make_package_layer(shared, step, below); }),
                     "building the layer " + step.layer.name);
        below.push_back(std::move(layer));
        if (!plan.initrd || initrd.valid()) { continue; }
        initrd = std::async(std::launch::async, [&shared, &plan, base = below.back()] {
            return layer_for(shared, plan.initrd->key.hash(),
                             [&] { return make_initrd_layer(shared, *plan.initrd, base); });
        });
    }
    if (initrd.valid()) {
        INGOT_ASSIGN(auto layer, initrd.get(), "building the initrd");
        layer.time = below.back().time;
        below.push_back(std::move(layer));
    }
    INGOT_ASSIGN(auto image,
                 layer_for(shared, plan.image_key.hash(), [&] { return make_image_layer(shared, plan, below); }),
                 "building the image of " + name);
    below.push_back(std::move(image));

    shared.progress.phase(name, "packing");
    INGOT_ASSIGN(const auto workspace, shared.layers.workspace("view-" + name), "");
    INGOT_ASSIGN(auto view, rootfs::Mount::view(roots_of(below), workspace), "");
    INGOT_ASSIGN(auto manifest,
                 artefacts::write_artefacts(shared.processes, view.target(), output, plan.packing,
                                            {.role = name,
                                             .suite = plan.role.suite,
                                             .architecture = kArchitecture,
                                             .agent_version = plan.agent_version,
                                             .agent_sha256 = shared.agent ? shared.agent->sha256 : std::string(),
                                             .git_revision = git_revision(shared.processes, shared.request.specs),
                                             .public_key = plan.packing.public_key,
                                             .date = below.back().time,
                                             .inputs = plan.inputs,
                                             .packages = plan.image.packages,
                                             .date_was_given = shared.request.source_date_epoch.has_value(),
                                             .sources = plan.image.sources,
                                             .layers = layers_of(plan)},
                                            companions_of(shared, view.target())),
                 "writing the image of " + name);
    for (const auto& file : manifest.files) {
        INGOT_TRY(shared.digests.remember(output / name / file.name, file.sha256), "");
    }
    INGOT_TRY(view.end(), "");
    std::uint64_t size = 0;
    for (const auto& file : manifest.files) { size = std::max(size, file.size); }
    shared.progress.done(name,
                         text::format("done: {} packages, {}", manifest.packages.size(), text::human_bytes(size)));
    return BuiltRole{.manifest = std::move(manifest), .folder = output / name};
}

/// What the layers that have to be made need, and the store lacks.
packages::PackageSet needed_packages(Shared& shared, const std::vector<RolePlan>& plans) {
    packages::PackageSet needed;
    for (const auto& plan : plans) {
        for (const auto& step : plan.steps) {
            if (shared.usable(step.key.hash())) { continue; }
            std::ranges::copy(step.layer.packages, std::back_inserter(needed));
        }
    }
    const auto order = [](const auto& package) { return std::pair(package.name, package.sha256); };
    std::ranges::sort(needed, {}, order);
    const auto twice = std::ranges::unique(needed, {}, order);
    needed.erase(twice.begin(), twice.end());
    return shared.store.missing(needed);
}

Result<std::vector<RolePlan>> plan_group(Shared& shared, AptGroup& group) {
    std::vector<RolePlan> plans;
    for (const auto& role : group.roles) {
        INGOT_ASSIGN(const auto layers, resolve_role(role, group.apt, shared.agent), "planning " + role.name);
        INGOT_ASSIGN(auto plan, plan_role(role, shared.request, layers, group.sources, shared.agent),
                     "planning " + role.name);
        plans.push_back(std::move(plan));
    }
    return plans;
}

/// Plans the roles of one group and fetches what they need. A mirror that has moved on since its index was fetched
/// answers 404: then, once, with a new index.
Result<std::vector<RolePlan>> prepare_group(Shared& shared, AptGroup& group) {
    constexpr auto kName = "packages";
    shared.progress.phase(kName, "resolving");
    INGOT_ASSIGN(bool fresh, refresh_if_possible(shared.request, group.apt, shared.progress), "");
    while (true) {
        INGOT_ASSIGN(auto plans, plan_group(shared, group), "");
        const auto needed = needed_packages(shared, plans);
        if (needed.empty()) { return plans; }
        const auto phase =
            text::format("fetching {} packages, {}", needed.size(), text::human_bytes(packages::total_size(needed)));
        shared.progress.phase(kName, phase);
        auto fetched = group.apt.fetch(needed, shared.store, [&](std::size_t count) {
            shared.progress.phase(kName, phase, text::format("{} of {}", count, needed.size()));
        });
        if (fetched) { return plans; }
        if (fresh || fetched.error().kind != ErrorKind::transient) { return std::move(fetched).error(); }
        INGOT_TRY(group.apt.refresh(std::chrono::seconds(0)), "");
        fresh = true;
    }
}

/// The same by the roles' locks: no index, no solver, and nothing fetched but what they name.
Result<std::vector<RolePlan>> prepare_locked(Shared& shared, AptGroup& group) {
    std::vector<RolePlan> plans;
    std::vector<lock::Lock> locks;
    for (const auto& role : group.roles) {
        INGOT_ASSIGN(auto lock, read_lock(shared.request, role, group.sources), "");
        const auto layers = lock::packages_of(lock, group.sources);
        INGOT_ASSIGN(auto plan, plan_role(role, shared.request, layers, group.sources, shared.agent),
                     "planning " + role.name);
        plans.push_back(std::move(plan));
        locks.push_back(std::move(lock));
    }
    const auto needed = needed_packages(shared, plans);
    if (needed.empty()) { return plans; }
    const auto phase = text::format("fetching {} locked packages, {}", needed.size(),
                                    text::human_bytes(packages::total_size(needed)));
    shared.progress.phase("packages", phase);
    INGOT_ASSIGN(const auto unfetched,
                 group.apt.fetch_exact(needed, shared.store,
                                       [&](std::size_t count) {
                                           shared.progress.phase("packages", phase,
                                                                 text::format("{} of {}", count, needed.size()));
                                       }),
                 "fetching the locked packages");
    if (!unfetched.empty()) { return explain_unfetched(unfetched, locks); }
    return plans;
}

Result<std::vector<BuiltRole>> build_all(Shared& shared, const std::vector<RolePlan>& plans) {
    const auto wished = shared.request.jobs == 0 ? std::thread::hardware_concurrency() : shared.request.jobs;
    std::counting_semaphore<kMostJobs> slots(std::clamp<std::ptrdiff_t>(wished, 1, kMostJobs));
    std::vector<std::optional<Result<BuiltRole>>> results(plans.size());
    {
        std::vector<std::jthread> threads;
        for (std::size_t index = 0; index < plans.size(); ++index) {
            threads.emplace_back([&, index] {
                slots.acquire();
                results[index] = build_role(shared, plans[index]);
                if (!*results[index]) { shared.progress.done(plans[index].role.name, "failed"); }
                slots.release();
            });
        }
    }
    std::vector<BuiltRole> built;
    for (auto& result : results) {
        if (!*result) { return std::move(*result).error(); }
        built.push_back(**std::move(result));
    }
    return built;
}

} // namespace

Result<std::vector<BuiltRole>> build(const BuildRequest& request, process::Processes& processes,
                                     progress::Progress& progress) {
    INGOT_ASSIGN(const auto roles, load_specs(request), "");
    INGOT_TRY(check_tools(roles, {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}),
              "");
    INGOT_TRY(rootfs::enter_private_namespaces(), "");
    for (const auto& role : roles) { INGOT_TRY(artefacts::check_place(request.output, role.name), ""); }
    INGOT_ASSIGN(const auto lock, open_cache(request.cache, progress), "");
    Shared shared{.request = request,
                  .processes = processes,
                  .progress = progress,
                  .store = packages::Store(request.cache / "packages"),
                  .flat = packages::FlatStore(request.cache / "flat", packages::Store(request.cache / "packages")),
                  .digests = artefacts::KnownDigests(request.cache / "digests"),
                  .layers =
                      rootfs::LayerCache(request.scratch.empty() ? layer_folder(request.cache) : request.scratch),
                  .agent = {}};
    INGOT_TRY(shared.layers.remove_leftovers(), "");
    INGOT_ASSIGN(shared.agent, read_agent(processes, request.agent_deb), "");
    INGOT_TRY(keep_agent(shared.store, shared.agent), "keeping the agent's package");
    INGOT_ASSIGN(auto groups, group_roles(request, roles, processes), "");
    std::vector<RolePlan> plans;
    for (auto& group : groups) {
        INGOT_ASSIGN(auto prepared, request.locked ? prepare_locked(shared, group) : prepare_group(shared, group),
                     "");
        std::ranges::move(prepared, std::back_inserter(plans));
    }
    progress.done("packages", "resolved");
    INGOT_ASSIGN(auto built, build_all(shared, plans), "");
    INGOT_TRY(shared.layers.prune(kUnused), "");
    INGOT_TRY(shared.flat.prune(kUnused), "");
    INGOT_TRY(shared.digests.prune(kUnused), "");
    INGOT_TRY(shared.layers.remove_leftovers(), "");
    return built;
}

} // namespace ingot::builder::pipeline
