// What `ingot-agent` can be told to do. Each returns an exit code.
#pragma once

#include <chrono>
#include <string>

#include "common/result/result.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::cli {

/// `ingot-agent run`: until SIGTERM.
int run();

struct StatusOptions {
    bool wait = false;
    bool json = false;
    std::chrono::seconds timeout{300};
};
/// `ingot-agent status`: 0 ready, 1 failed, 75 not (yet).
Result<int> status(const StatusOptions& options);

/// `ingot-agent check FILE`: every fault of a user-data file.
Result<int> check(const std::string& file);

/// `ingot-agent may-restore FILE PATH`: 0 yes, 1 no (which PostgreSQL takes for "not in the archive").
Result<int> may_restore(const std::string& file, const std::string& path);

/// The steps and duties of the node's role.
Role make_role(const NodeSpec& node, Environment& environment);

} // namespace ingot::firstboot::cli
