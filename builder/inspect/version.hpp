// Debian versions, compared as dpkg does (deb-version(7)). Pure.
#pragma once

#include <compare>
#include <string_view>

namespace ingot::builder::inspect {

std::strong_ordering compare_versions(std::string_view left, std::string_view right);

} // namespace ingot::builder::inspect
