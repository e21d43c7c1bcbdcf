// The subcommands that print a command line's own documentation: completion SHELL, and man (hidden; for packages).
#pragma once

#include <functional>

#include "common/cli/program.hpp"
#include "common/result/result.hpp"

namespace ingot::cli {

/// Adds both to `app`. Add them last: they describe what is there when they run.
void add_documentation(CLI::App& app, ManualNotes notes, std::function<Result<int>()>& action);

} // namespace ingot::cli
