// The points at which something has become durable: what a power cut right behind leaves is the state there.
//
// Tests of power cuts end the program at such a point (firstboot/journal/fail_at.hpp). Nothing else uses this:
// without a hook, passing a point costs one load.
#pragma once

#include <filesystem>

namespace ingot::files {

/// Called behind every rename and removal that has been flushed.
using DurableHook = void (*)(const std::filesystem::path& path);

/// One for the whole program; none by default.
void set_durable_hook(DurableHook hook);

/// Says that what is (or no longer is) at `path` is durable.
void pass_durable_point(const std::filesystem::path& path);

} // namespace ingot::files
