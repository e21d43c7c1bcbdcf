// The JSON Schema of user-data: editors complete and check with it while a person types. What counts is the reader's
// word (`ingot check`): the schema knows the keys and their types, not what only the whole of a file tells.
#pragma once

#include "common/json/json.hpp"

namespace ingot::cloud_init {

/// Draft-07, because that is what the YAML plugins of editors read.
json::Json user_data_schema();

} // namespace ingot::cloud_init
