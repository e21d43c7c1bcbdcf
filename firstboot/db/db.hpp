// The db role.
#pragma once

#include <vector>

#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// What the machine needs before the role begins, and what takes rights that the agent does not have: folders that
/// belong to postgres, and a watchdog.
std::vector<Step> db_machine_steps(const NodeSpec& node, Environment& environment);

/// Steps and duties of a database node. `environment` must outlive them.
Role make_db_role(const NodeSpec& node, Environment& environment);

} // namespace ingot::firstboot
