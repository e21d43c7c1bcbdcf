// Looks at a finished tree and refuses one that would hurt a cluster.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "builder/packages/package_set.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

/// The differences between what dpkg lists (`dpkg-query -W -f '${Package} ${Version} ${db:Status-Status}\n'`) and
/// what was to be installed; `own` is our package, which is in no archive. Pure.
std::vector<std::string> compare_installed(std::string_view listed, const packages::PackageSet& wanted,
                                           std::string_view own);

/// dpkg is content, the packages are those of the set, and nothing was initialised: no database cluster, no etcd
/// data, no key of a host. All faults in one error.
Status verify_image(process::Processes& processes, const std::filesystem::path& root,
                    const packages::PackageSet& wanted, std::string_view own, std::int64_t image_time);

} // namespace ingot::builder::rootfs
