// What every node says of itself: its state, its steps and duties, its certificate. Pure.
#pragma once

#include <optional>

#include "common/clock/clock.hpp"
#include "firstboot/metrics/metrics.hpp"
#include "firstboot/status/status.hpp"

namespace ingot::firstboot::metrics {

/// `certificate_end`: when the node's certificate ends, if it can be read.
Families node_families(const NodeStatus& status, std::optional<clock::WallTime> certificate_end);

} // namespace ingot::firstboot::metrics
