// Which keys of cloud-config there are: what is applied, what is known and left alone, and why.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::cloud_init {

/// One key as docs/user-data.md describes it and `ingot-agent explain` prints it.
struct KeyInfo {
    std::string_view name;
    std::string_view type;
    std::string_view fallback; ///< the default
    std::string_view example;
    std::string_view meaning; ///< what it does here, and what differs from cloud-init
};

/// Every key at the top of a #cloud-config that is applied, sorted by name.
std::span<const KeyInfo> applied_keys();
/// Names of those that cloud-init knows and that are not applied here.
const std::vector<std::string>& known_keys();
/// Names of applied_keys().
const std::vector<std::string>& applied_key_names();

} // namespace ingot::cloud_init
