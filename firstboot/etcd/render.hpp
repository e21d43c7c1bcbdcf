// The settings of the member, as the environment file of ingot-etcd.service; pure.
#pragma once

#include <cstdint>
#include <string>

#include "firstboot/etcd/founding.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot {

/// How large the database may become. etcd's own default, but said explicitly: duties count with it.
inline constexpr std::int64_t kQuotaBytes = 2'147'483'648;

/// How etcd is to start: found the cluster, or go on with its own log (then the founding is ignored by etcd).
enum class StartMode { found, existing };

std::string render_etcd_environment(const NodeSpec& node, const Founding& founding, StartMode mode);

} // namespace ingot::firstboot
