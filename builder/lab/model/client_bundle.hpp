// The CAs that a client of the lab's database trusts.
#pragma once

#include <string>

#include "cloud-init/cluster/cluster.hpp"

namespace ingot::builder::lab {

/// Of databases and proxies, with those that a rotation has under way.
std::string client_bundle(const cloud_init::Secrets& secrets);

} // namespace ingot::builder::lab
