// Ends a lab and leaves nothing: no process, mount, namespace, loop device, cgroup, and, unless told, no file.
#pragma once

#include "builder/lab/model/state.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Closes the running lab in order, or ends its supervisor if that does not answer. Not running is success.
Status stop_supervisor(const Paths& paths);
/// Removes what a supervisor that was killed leaves: its socket and its empty cgroups.
Status clean_leftovers(const Paths& paths);
/// All of the above; with `keep` the disks, secrets and logs stay for the next `up`.
Status take_down(const Paths& paths, bool keep);

} // namespace ingot::builder::lab
