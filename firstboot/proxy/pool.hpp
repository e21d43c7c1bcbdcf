// The two pools of a proxy, and how many connections each may open: pure.
#pragma once

#include <optional>
#include <string_view>

namespace ingot::firstboot::proxy {

/// PgBouncer listens on one port only, so there are two of it.
enum class Pool { write, read };

inline constexpr std::string_view kHaproxyUnit = "haproxy.service";
std::string_view unit_of(Pool pool);
/// Its pgbouncer.ini.
std::string_view file_of(Pool pool);

/// What the sizes depend on.
struct PoolShare {
    std::optional<int> asked{};           ///< by the user-data: goes before everything
    std::optional<int> max_connections{}; ///< unknown: PostgreSQL's smallest sensible limit
    int proxies = 1;
    int databases = 1; ///< PgBouncer counts for each database by itself
    int replicas = 1;
};

/// Connections to the leader, and to replicas, for each database.
struct PoolSizes {
    int write = 0;
    int read = 0;
    friend bool operator==(const PoolSizes&, const PoolSizes&) = default;
};

/// 80 % of what a database server allows, shared by the proxies and the databases: for writes once; for reads once
/// for each replica but one, so that there is room left when one is lost. Without a replica reads go to the leader
/// too, and get a quarter of the share.
PoolSizes pool_sizes(const PoolShare& share);

} // namespace ingot::firstboot::proxy
