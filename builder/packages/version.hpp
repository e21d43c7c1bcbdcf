// Debian's order of versions (deb-version(7)), for saying whether a package went up or down.
#pragma once

#include <compare>
#include <string_view>

namespace ingot::builder::packages {

/// Epoch, then upstream version, then revision; "~" sorts before everything, even the end.
std::weak_ordering compare_versions(std::string_view left, std::string_view right);

} // namespace ingot::builder::packages
