// What build, lock and reproduce all ask: where specs, packages and the agent come from.
#pragma once

#include <memory>
#include <string>

#include "builder/pipeline/pipeline.hpp"
#include "common/result/result.hpp"

namespace CLI { // NOLINT(readability-identifier-naming): the library's own name
class App;
}

namespace ingot::builder::cli {

struct BuildOptions {
    pipeline::BuildRequest request{};
    std::string agent_deb{};
    bool without_agent = false;
    bool refresh = false;
};

/// Adds the common options to a subcommand.
void add_build_options(CLI::App& command, BuildOptions& options);

/// Whether it is an error if there is no package of the agent to be found.
enum class AgentNeed { required, optional };

/// Fills in what follows from the options and the machine: the agent's package, absolute paths, SOURCE_DATE_EPOCH.
Status complete(BuildOptions& options, AgentNeed need = AgentNeed::required);

} // namespace ingot::builder::cli
