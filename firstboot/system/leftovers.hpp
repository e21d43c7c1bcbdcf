// What an earlier run of the agent left beside the files that it wrote when it was killed.
#pragma once

#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// Removes temporary files (common/files/abandoned.hpp) from the folders in which the agent writes: of any name in
/// those that are its own or a daemon's that it sets up, of the names it writes in those that are everybody's. What
/// it writes for the user-data, wherever that is, it does not look for. Says what it removes; a folder that cannot be
/// looked into is no reason to stop.
void remove_leftovers(const Environment& environment);

} // namespace ingot::firstboot
