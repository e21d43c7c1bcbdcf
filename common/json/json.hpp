// JSON, by nlohmann-json, without its exceptions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "common/result/result.hpp"

namespace ingot::json {

/// Keeps the order in which keys were written, so that output is stable and reads as intended.
using Json = nlohmann::ordered_json;

/// Parses a whole document. invalid_input with the byte offset otherwise, or if it nests deeper than 64.
Result<Json> parse(std::string_view text);
/// Pretty text (two spaces) with a final line end; invalid UTF-8 is replaced.
std::string to_text(const Json& value);
/// One line without a line end; invalid UTF-8 is replaced.
std::string to_line(const Json& value);

/// The member `key` of an object as a string; nothing if absent or of another type.
std::optional<std::string> string_at(const Json& object, std::string_view key);
/// The member `key` as a number; numbers in strings count (protobuf's JSON writes 64-bit so).
std::optional<std::int64_t> number_at(const Json& object, std::string_view key);
/// The member `key` as unsigned 64 bit (etcd ids); numbers in strings count.
std::optional<std::uint64_t> unsigned_at(const Json& object, std::string_view key);
/// The member `key` as a boolean; false if absent (protobuf's JSON omits false).
bool flag_at(const Json& object, std::string_view key);
/// The member `key`, or null.
const Json& member(const Json& object, std::string_view key);

} // namespace ingot::json
