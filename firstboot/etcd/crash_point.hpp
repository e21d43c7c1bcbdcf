// Places where the power may be cut, for tests that cut it exactly there.
#pragma once

#include <string_view>

namespace ingot::firstboot::etcd {

/// Ends the program as hard as a power cut would, if INGOT_CRASH_AT names this point. Nothing sets it on a node.
void pass_crash_point(std::string_view name);

} // namespace ingot::firstboot::etcd
