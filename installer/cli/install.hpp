// The whole run: image and seed are fetched and checked, the disk is chosen and looked at, and only then written.
#pragma once

#include "common/result/result.hpp"
#include "installer/cli/options.hpp"

namespace ingot::installer {

inline constexpr int kInstalledAlready = 10; ///< exit code

/// The exit code: 0 installed (or shown), kInstalledAlready.
Result<int> install(const Options& options);

} // namespace ingot::installer
