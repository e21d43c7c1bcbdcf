// What stands inside the keys of user-data: one row for each key of each mapping. The readers take from it which keys
// of cloud-config are applied and which are only known; the JSON Schema (cloud-init/schema) is made of it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::cloud_init {

/// One key of a mapping. `path` says which: "users[].name" is name in the items of the list users,
/// "disk_setup{}.layout" is layout in every mapping of disk_setup, whatever its key.
struct FieldInfo {
    std::string_view path;
    std::string_view type; ///< one of the phrases that cloud-init/schema knows
    std::string_view meaning{};
    bool needed = false;
};

/// A type: cloud-init knows the key, and it is not applied here.
inline constexpr std::string_view kNotApplied = "not applied";
/// A type: the key is a fault here.
inline constexpr std::string_view kRefused = "refused";

/// All rows, those of a mapping together.
std::span<const FieldInfo> nested_fields();

/// The keys of one mapping ("users[]"): those that are read, refused ones among them, and those that are not applied.
struct FieldNames {
    std::vector<std::string> applied{};
    std::vector<std::string> known{};
};
FieldNames field_names(std::string_view mapping);

} // namespace ingot::cloud_init
