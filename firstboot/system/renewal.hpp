// A new identity for a machine whose disk was another instance's: what two machines must not share.
#pragma once

#include <vector>

#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// ssh host keys, machine-id (which counts from the next boot on), this node's certificate, the random seed, and the
/// results of another instance's commands. Once per instance; never touches data.
std::vector<Step> renewal_steps(Environment& environment);

} // namespace ingot::firstboot
