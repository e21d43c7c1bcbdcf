// What the agent gives up when the machine is set up.
//
// First boot mounts disks, sets clocks and names, runs what the user-data says: a sandbox in which that works is
// none. But it takes a minute, and the years after it are spent listening to others and starting known programs. So
// the rights go when the steps are done, for this process and all that it starts, until it begins anew.
#pragma once

#include "common/result/result.hpp"

namespace ingot::firstboot {

/// For every thread of this process, and for its children: no more mounts, modules, namespaces, kernel images,
/// debugging of other processes, raw hardware, swap or clock; no privileges by set-user-id programs. What is refused
/// is EPERM.
Status confine();

} // namespace ingot::firstboot
