// Doing what was decided: one round of look, decide, act.
#pragma once

#include "firstboot/etcd/decide.hpp"
#include "firstboot/etcd/member.hpp"

namespace ingot::firstboot::etcd {

/// transient as long as there is more to do or to wait for; success when etcd has been started (or runs).
Status decide_and_act(Member& member, bool is_serving);

/// Renames what is in the data folder out of etcd's way; nothing is deleted but what was put aside long before.
Status put_data_aside(const Member& member);

} // namespace ingot::firstboot::etcd
