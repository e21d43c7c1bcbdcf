// Building without being root: a user namespace in which the ids of a whole system exist, lent to the user by
// /etc/subuid and /etc/subgid (subuid(5)), so that files of postgres, haproxy and all the others keep their owners.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

/// A stretch of ids that a user may map.
struct IdRange {
    std::uint32_t start = 0;
    std::uint32_t count = 0;
    bool operator==(const IdRange&) const = default;
};

/// The longest range of /etc/subuid or /etc/subgid (lines NAME-OR-ID:START:COUNT) that belongs to the user. Pure.
std::optional<IdRange> subordinate_ids(std::string_view text, std::string_view user, std::uint32_t id);

/// Whether this process is in a user namespace, where neither device nodes nor trusted xattrs can be made.
bool in_user_namespace();

/// Becomes root of a user namespace of its own; own id → 0, subordinate ids → 1 and up. Call it before any thread is
/// started. refused, with what to do, if this machine or this user is not set up for it.
Status enter_user_namespace();

} // namespace ingot::builder::rootfs
