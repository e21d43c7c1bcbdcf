// The phrases by which the tables of user-data name types, as JSON Schema. Only for the files of this folder.
#pragma once

#include <functional>
#include <optional>
#include <string_view>

#include "common/json/json.hpp"

namespace ingot::cloud_init {

/// `object` gives the schema of the mapping that is meant by "mapping", "list of mappings" and so on. Nothing for a
/// phrase that is not known.
std::optional<json::Json> schema_of_type(std::string_view type, const std::function<json::Json()>& object);

} // namespace ingot::cloud_init
