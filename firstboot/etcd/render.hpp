// The settings of the member, as the environment file of ingot-etcd.service; pure.
#pragma once

#include <string>

#include "firstboot/etcd/founding.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot {

/// How etcd is to start: found the cluster, or go on with its own log (then the founding is ignored by etcd).
enum class StartMode { found, existing };

std::string render_etcd_environment(const NodeSpec& node, const Founding& founding, StartMode mode);

} // namespace ingot::firstboot
