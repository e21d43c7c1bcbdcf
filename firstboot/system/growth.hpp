// growpart and resize_rootfs: the root grows to the end of its disk. An image is as small as what is in it; the
// disk it was written to is as large as what was paid for.
#pragma once

#include <vector>

#include "cloud-init/userdata/userdata.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// None where the root is no partition: in a container, and in RAM (`ingot.root` on the command line).
std::vector<Step> growth_steps(const cloud_init::Growth& growth, Environment& environment);

} // namespace ingot::firstboot
