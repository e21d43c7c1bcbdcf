// What a build is going to do, decided before anything is made.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "builder/artefacts/artefacts.hpp"
#include "builder/lock/lock.hpp"
#include "builder/packages/sources.hpp"
#include "builder/pipeline/pipeline.hpp"
#include "builder/rootfs/bootstrap.hpp"
#include "builder/rootfs/image.hpp"
#include "builder/rootfs/layers.hpp"
#include "builder/spec/spec.hpp"
#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::pipeline {

inline constexpr const char* kArchitecture = "amd64";

/// Our own package, out of the .deb that was given.
struct AgentPackage {
    std::filesystem::path deb;
    std::string name;
    std::string version;
    std::string sha256;
};

/// One package layer of a role.
struct PackageStep {
    rootfs::PackageLayer layer;
    rootfs::LayerKey key;
};

/// The layer with the initrd, made over the first package layer alone.
struct InitrdStep {
    std::vector<std::filesystem::path> overlays;
    rootfs::LayerKey key;
};

/// All of one role.
struct RolePlan {
    spec::Role role;
    std::vector<PackageStep> steps;     ///< bottom first
    std::optional<InitrdStep> initrd{}; ///< if there is a kernel
    rootfs::ImageLayer image;
    rootfs::LayerKey image_key;
    artefacts::Packing packing;
    std::string inputs; ///< of the artefacts
    std::string agent_version;
};

/// The tools of this machine that a build needs, as far as they are missing: one sentence that names packages.
Status check_tools(const std::vector<spec::Role>& roles, const std::vector<std::filesystem::path>& search_path);

/// That every program which the agent configures is one that it knows how to: else each fault with its place in the
/// spec, what is too old for what, and where newer ones are.
Status check_versions(const spec::Role& role, const packages::PackageSet& chosen);

/// Reads the .deb's control fields.
Result<std::optional<AgentPackage>> read_agent(process::Processes& processes,
                                               const std::optional<std::filesystem::path>& deb);

/// Where apt of this build and of the image gets packages: the suite's archive and the role's own sources.
Result<std::vector<packages::SourceEntry>> sources_of(const spec::Role& role, const BuildRequest& request,
                                                      const files::Root& machine);

/// Computes all keys. `layers` are the packages of each layer of the role.
Result<RolePlan> plan_role(const spec::Role& role, const BuildRequest& request,
                           const std::vector<lock::LayerPackages>& layers,
                           const std::vector<packages::SourceEntry>& sources,
                           const std::optional<AgentPackage>& agent);

} // namespace ingot::builder::pipeline
