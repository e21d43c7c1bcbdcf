// The top layer: what makes an image of a set of installed packages. Ours are small things, so that a changed overlay
// or a new agent costs seconds, not a new installation.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "builder/packages/package_set.hpp"
#include "builder/packages/sources.hpp"
#include "builder/spec/spec.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

struct ImageLayer {
    std::string role;                                 ///< what nodes of this image are
    std::vector<std::filesystem::path> overlays{};    ///< in the order in which they are laid over each other
    std::optional<std::filesystem::path> agent_deb{}; ///< its dependencies are installed already
    std::vector<spec::Units> units{};                 ///< of each file of the chain, base first
    std::vector<packages::SourceEntry> sources{};     ///< for the node's own apt
    std::vector<std::filesystem::path> keys{};        ///< key files for /etc/apt/keyrings
    packages::PackageSet packages{};                  ///< all that are installed
    std::vector<std::string> asked_for{};             ///< those of them that a spec names
};

/// Where a key of the build machine is found in an image: the Debian keyring where Debian has it, others in
/// /etc/apt/keyrings.
std::string key_in_image(const std::filesystem::path& key);

/// Changes the tree at `root`.
Status finish_image(process::Processes& processes, const std::filesystem::path& root, const ImageLayer& layer,
                    std::int64_t image_time);

} // namespace ingot::builder::rootfs
