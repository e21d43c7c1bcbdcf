// Who this node is, on its disk: for commands that a person runs beside the agent.
#pragma once

#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::etcd {

Status write_place(const NodeSpec& node, const files::Root& root);
/// What commands need of it; the rest of the user-data is left out. refused on a machine that is no etcd node.
Result<NodeSpec> read_place(const files::Root& root);

} // namespace ingot::firstboot::etcd
