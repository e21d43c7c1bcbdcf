// By what a machine is known before it has a name: the hardware addresses of its cards, and what its maker wrote into
// the firmware. Cheap boards carry the same serial number or UUID by the thousand; such values are as good as none,
// because a machine that is taken for another gets its disk written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ingot::identity {

/// "52:54:00:12:34:56" of any usual spelling: colons, hyphens or nothing between, either case. Nothing if it is none,
/// or one that no card has (zeros, broadcast, multicast).
std::optional<std::string> mac_of(std::string_view text);

/// A UUID in lower case; nothing if it is none, or a known filler (zeros, ones, 03000200-0400-…).
std::optional<std::string> uuid_of(std::string_view text);

/// A serial number without space around it; nothing if it is a known filler ("To be filled by O.E.M.", "0123456789").
std::optional<std::string> serial_of(std::string_view text);

} // namespace ingot::identity
