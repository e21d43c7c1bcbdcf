// What a single value has to look like: names, paths, keys, PostgreSQL parameters. Pure predicates.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace ingot::cloud_init {

/// [a-z][a-z0-9-]{0,30}, not ending in "-": it becomes a DNS label, a stanza and a Patroni scope.
bool is_cluster_name(std::string_view text);
/// One DNS label: lower case letters, digits, "-" inside; at most 63.
bool is_host_label(std::string_view text);
/// Labels with dots between, upper case allowed, at most `limit` characters.
bool is_host_name(std::string_view text, std::size_t limit);
/// A name in PostgreSQL that needs care nowhere: [a-z_][a-z0-9_-]{0,62}.
bool is_database_name(std::string_view text);
/// Why nobody may create a database role of this name, or nothing.
std::optional<std::string> why_reserved_role(std::string_view name);
/// Why nobody may create a database of this name, or nothing.
std::optional<std::string> why_reserved_database(std::string_view name);
/// A user or group of the machine: [a-z_][a-z0-9_.-]{0,31}.
bool is_account_name(std::string_view text);
/// Begins with "/", no "//", "." or ".." parts, no "/" at the end, no control characters, at most 1024 long.
bool is_absolute_path(std::string_view text);
/// Lower-case 8-4-4-4-12.
bool is_uuid(std::string_view text);
/// A line of authorized_keys with a key type and base64, options and comment allowed.
bool is_ssh_key(std::string_view text);
/// A parameter's name as PostgreSQL spells it: letters, digits, "_", and one "." for extensions.
bool is_parameter_name(std::string_view text);
/// Why a parameter of PostgreSQL may not be set by people here ("Ingot sets it to …"), or nothing.
std::optional<std::string> why_controlled_parameter(std::string_view name);

} // namespace ingot::cloud_init
