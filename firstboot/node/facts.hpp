// Facts of the machine: addresses, memory, processors, the role of its image.
#pragma once

#include "common/files/files.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot {

/// Reads them. Never fails: what cannot be read keeps its default.
Facts read_facts(const files::Root& root);

/// The least of what the machine has (MemTotal), what its cgroup allows (memory.max) and what the command
/// line says (ingot.memory_mib=), each as text of its file; pure, for tests.
std::uint64_t usable_memory(std::string_view meminfo, std::string_view cgroup_limit,
                            std::optional<std::string> memory_mib);

/// True if `address` lies in `network` (CIDR); IPv4 and IPv6.
bool in_network(std::string_view address, std::string_view network);

} // namespace ingot::firstboot
