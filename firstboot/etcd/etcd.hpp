// The etcd role.
#pragma once

#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// Steps and duties of an etcd node. `environment` must outlive them.
Role make_etcd_role(const NodeSpec& node, Environment& environment);

} // namespace ingot::firstboot
