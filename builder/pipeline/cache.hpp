// The folder that packages and layers are kept in between builds. Builds clean it up, so it has to be ours.
#pragma once

#include <filesystem>

#include "builder/progress/progress.hpp"
#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::pipeline {

/// Makes the folder if it is not there, marks it as a cache (CACHEDIR.TAG, Cache Directory Tagging Specification:
/// backups leave it out), and waits until no other build uses it. refused if the folder holds something else:
/// nothing that a person keeps there may be cleaned up.
Result<files::Lock> open_cache(const std::filesystem::path& folder, progress::Progress& progress);

} // namespace ingot::builder::pipeline
