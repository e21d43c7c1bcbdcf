// The network as the datasource describes it, given to systemd-networkd.
#pragma once

#include <vector>

#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// Writes /etc/systemd/network/10-ingot-* and has systemd-networkd read them, at every boot, where they differ; files
/// of an earlier description go. Without a description, or with one that cannot be read, the network stays as it is
/// (the image's: DHCP on every card), because a machine that is reached can be repaired.
std::vector<Step> network_steps(const Metadata& metadata, Environment& environment);

} // namespace ingot::firstboot
