// What a lab might leave on the machine: looked for everywhere it could be, not where the lab says it is.
#pragma once

#include <string>
#include <vector>

namespace ingot::tests {

/// One line per thing that belongs to the lab `name` or its `images`: processes, cgroups, mounts, network devices and
/// namespaces, loop devices, sockets, and, unless `state_is_kept`, files. Empty when nothing is left.
std::vector<std::string> leftovers(const std::string& name, const std::string& images, bool state_is_kept);

/// The supervisor's process; 0 if none.
int supervisor_pid(const std::string& name);

} // namespace ingot::tests
