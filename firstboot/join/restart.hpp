// etcd reads its CAs only when it starts. When they have changed, the members restart one after the other.
#pragma once

#include <functional>

#include "firstboot/coordination/session.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::join {

/// A duty of an etcd node: looks whether the CAs on the disk are newer than the etcd that runs, and if so restarts it
/// under a lock, once every member answers, and keeps the lock until its own member serves again.
Duty restart_for_new_cas(const NodeSpec& node, Environment& environment, std::function<EtcdSession()> open);

} // namespace ingot::firstboot::join
