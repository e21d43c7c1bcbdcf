// The backup role.
#pragma once

#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// Steps and duties of a backup host. `environment` must outlive them.
Role make_backup_role(const NodeSpec& node, Environment& environment);

} // namespace ingot::firstboot
