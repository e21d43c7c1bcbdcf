// For commands beside the running agent: what that one makes of metadata and user-data.
#pragma once

#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::cli {

Result<NodeSpec> own_node(Environment& environment);

} // namespace ingot::firstboot::cli
