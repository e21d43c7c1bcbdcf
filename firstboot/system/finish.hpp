// What cloud-config asks for when everything else is done: final_message, phone_home, power_state.
#pragma once

#include <vector>

#include "cloud-init/userdata/userdata.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// Each once per instance; power_state is recorded as done before the machine goes down, so that a reboot is one.
std::vector<Step> finish_steps(const cloud_init::CloudConfig& config, const Metadata& metadata,
                               Environment& environment);

} // namespace ingot::firstboot
