// Which packages each layer of a role gets: as apt decides today, or as a lock decided once.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "builder/lock/lock.hpp"
#include "builder/packages/apt.hpp"
#include "builder/pipeline/pipeline.hpp"
#include "builder/spec/spec.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::pipeline {

struct AgentPackage;

/// The roles of a request, each once; the faults of all of them in one error.
Result<std::vector<spec::Role>> load_specs(const BuildRequest& request);

/// One apt, with one suite and one list of sources, and the roles that use it.
struct AptGroup {
    packages::Apt apt;
    std::vector<packages::SourceEntry> sources;
    std::vector<spec::Role> roles;
};

/// Fetches nothing.
Result<std::vector<AptGroup>> group_roles(const BuildRequest& request, const std::vector<spec::Role>& roles,
                                          process::Processes& processes);

/// New indexes, if ours are older than the request allows. A mirror that does not answer is no reason to stop while
/// there are indexes that it signed before. True if there is nothing newer to be had now.
Result<bool> refresh_if_possible(const BuildRequest& request, packages::Apt& apt, progress::Progress& progress);

/// Asks apt, layer by layer. `hold` are versions to prefer.
Result<std::vector<lock::LayerPackages>> resolve_role(const spec::Role& role, packages::Apt& apt,
                                                      const std::optional<AgentPackage>& agent,
                                                      const packages::PackageSet& hold = {});

/// SHA-256 of the key files of a role's own sources, by the source's name.
Result<std::vector<std::pair<std::string, std::string>>> source_keys(const spec::Role& role,
                                                                     const BuildRequest& request);

/// roles/<role>.lock.yaml.
std::filesystem::path lock_file(const BuildRequest& request, const spec::Role& role);

/// The lock of a role: the request's own, else the file beside the spec; checked against the spec.
Result<lock::Lock> read_lock(const BuildRequest& request, const spec::Role& role,
                             const std::vector<packages::SourceEntry>& sources);

/// A copy of the agent's package for the store, so that the image can be built again when this one is gone.
Status keep_agent(const packages::Store& store, const std::optional<AgentPackage>& agent);

/// One sentence for each package that the locks name and nobody gave us, with its line in the lock.
Error explain_unfetched(const std::vector<packages::Unfetched>& unfetched, const std::vector<lock::Lock>& locks);

} // namespace ingot::builder::pipeline
