// Points in time as they stand in JSON, and as people read them.
#pragma once

#include <string>
#include <string_view>

#include "common/clock/clock.hpp"
#include "common/json/json.hpp"

namespace ingot::firstboot::backup {

/// The member `key`, in seconds since 1970; 1970 itself if it is absent.
clock::WallTime time_at(const json::Json& object, std::string_view key);
/// How long ago `then` was: "90 minutes", "30 hours", "3 days".
std::string age(clock::WallTime then, clock::WallTime now);

} // namespace ingot::firstboot::backup
