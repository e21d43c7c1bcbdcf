// The proxy role.
#pragma once

#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// Steps and duties of a proxy node. `environment` must outlive them.
Role make_proxy_role(const NodeSpec& node, Environment& environment);

} // namespace ingot::firstboot
