// Package layers: .debs become installed packages, by dpkg itself.
//
// The bottom layer starts with nothing, so that dpkg has no shell to run scripts with: the essential packages are
// extracted first and then installed properly over themselves, in one go. Everything else is one run of apt, from
// outside, which knows no archive but the very files that were resolved: it only finds the order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/packages/package_set.hpp"
#include "builder/spec/spec.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

/// Told what is going on: a phase ("installing 51 packages") and how far it is ("17 of 51").
using Report = std::function<void(std::string_view phase, std::string_view detail)>;

/// One layer of packages.
struct PackageLayer {
    packages::PackageSet packages{};
    packages::PackageSet essential{}; ///< part of `packages`; only for the bottom layer
    std::vector<spec::EarlyFile> before{};
    spec::Trim trim{};
    std::string name; ///< of the spec file, for messages and for dpkg's configuration
};

/// dpkg's configuration that leaves out what `trim` says, now and on the node.
std::string render_trim(const spec::Trim& trim);

/// The same decision as dpkg's, for one path: what `drop` matches, unless `keep` does.
bool is_left_out(const std::string& path, const spec::Trim& trim);

/// Installs the layer's packages in the tree at `root`, where their .debs are seen under WorkingRoot::kDebs.
Status install_packages(process::Processes& processes, const std::filesystem::path& root, const PackageLayer& layer,
                        std::int64_t image_time, const std::filesystem::path& scratch, const Report& report);

} // namespace ingot::builder::rootfs
