// ingot reproduce: builds an image again from what its manifest says, somewhere else, and compares.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "builder/pipeline/pipeline.hpp"
#include "builder/progress/progress.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::pipeline {

struct Reproduction {
    std::vector<std::string> same{};        ///< files that are bit for bit what they were
    std::vector<std::string> differences{}; ///< one sentence per file that is not, with the first path inside
    std::vector<std::string> hints{};       ///< what is not as it was when the image was built
};

/// Needs root. `request` says where specs, overlays, cache and (if it is not in the cache) the agent are; packages
/// come from the image's manifest, or from the role's lock if `request.locked`. No cached layer is used, and nothing
/// in the cache but packages changes.
Result<Reproduction> reproduce_image(const std::filesystem::path& image, const BuildRequest& request,
                                     process::Processes& processes, progress::Progress& progress);

/// The lock that an image's manifest amounts to.
Result<lock::Lock> lock_of_manifest(const artefacts::Manifest& manifest, const std::filesystem::path& file);

} // namespace ingot::builder::pipeline
