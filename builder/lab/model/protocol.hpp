// What the client and the supervisor of a lab say to each other: one line of JSON each way.
//
// Request:  {"op": "stop", "members": ["db-1"], …}
// Answer:   {"ok": true, …} or {"ok": false, "kind": "refused", "message": "…"}
#pragma once

#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// The answer to a request that failed.
json::Json to_answer(const Error& error);
/// The answer itself, or the error that it carries.
Result<json::Json> from_answer(json::Json answer);

} // namespace ingot::builder::lab
