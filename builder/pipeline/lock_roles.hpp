// ingot lock: from the names of roles to their lock files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/lock/lock.hpp"
#include "builder/pipeline/pipeline.hpp"
#include "builder/progress/progress.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::pipeline {

struct LockRequest {
    BuildRequest build;              ///< roles, specs, sources, cache; empty roles: all that no other role extends
    bool update = false;             ///< take the newest versions …
    std::vector<std::string> only{}; ///< … of these packages; of all, if empty
    bool write = true;               ///< false: only say what would change
    bool fetch = false;              ///< also bring every package into the store
};

struct LockedRole {
    std::filesystem::path file;
    std::size_t packages = 0;
    bool fresh = false; ///< there was no lock before
    bool written = false;
    std::vector<lock::Change> changes{};
};

/// A package that a lock names stays at its version, unless an update is asked for, or the archive has it no more.
/// Needs no root.
Result<std::vector<LockedRole>> lock_roles(const LockRequest& request, process::Processes& processes,
                                           progress::Progress& progress);

} // namespace ingot::builder::pipeline
