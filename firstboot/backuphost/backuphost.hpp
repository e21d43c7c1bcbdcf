// The backup role.
#pragma once

#include <vector>

#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// The repository's folder, which belongs to postgres: it takes rights that the agent does not have.
std::vector<Step> backup_machine_steps(const NodeSpec& node, Environment& environment);

/// Steps and duties of a backup host. `environment` must outlive them.
Role make_backup_role(const NodeSpec& node, Environment& environment);

} // namespace ingot::firstboot
