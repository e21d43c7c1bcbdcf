#include "firstboot/proxy/figures.hpp"

#include <array>
#include <cstdlib>

#include "common/text/text.hpp"

namespace ingot::firstboot::proxy {

namespace {

/// A column of the console as a metric.
struct Column {
    std::string_view column;
    std::string_view metric;
    std::string_view help;
    bool counter = false;
    double scale = 1;
};

constexpr double kMicrosecond = 1e-6;

constexpr std::array kPools = {
    Column{"cl_active", "pgbouncer_pools_client_active_connections",
           "Clients that have a server or wait for nothing."},
    Column{"cl_waiting", "pgbouncer_pools_client_waiting_connections", "Clients that wait for a server."},
    Column{"sv_active", "pgbouncer_pools_server_active_connections", "Server connections that are in use."},
    Column{"sv_idle", "pgbouncer_pools_server_idle_connections", "Server connections that are free."},
    Column{"sv_used", "pgbouncer_pools_server_used_connections", "Server connections that need a check before use."},
    Column{"sv_login", "pgbouncer_pools_server_login_connections", "Server connections that log in."},
    Column{"maxwait", "pgbouncer_pools_client_maxwait_seconds", "How long the first waiting client has waited."},
};
constexpr std::array kDatabases = {
    Column{"pool_size", "pgbouncer_databases_pool_size", "Server connections at most."},
    Column{"current_connections", "pgbouncer_databases_current_connections", "Server connections now."},
    Column{"paused", "pgbouncer_databases_paused", "1 while clients are held back."},
};
constexpr std::array kStats = {
    Column{"total_xact_count", "pgbouncer_stats_sql_transactions_pooled_total", "Transactions.", true},
    Column{"total_query_count", "pgbouncer_stats_queries_pooled_total", "Queries.", true},
    Column{"total_wait_time", "pgbouncer_stats_client_wait_seconds_total", "Time that clients waited for servers.",
           true, kMicrosecond},
    Column{"total_xact_time", "pgbouncer_stats_server_in_transaction_seconds_total", "Time in transactions.", true,
           kMicrosecond},
};

std::string_view name_of(Pool pool) { return pool == Pool::write ? "write" : "read"; }

std::string at(const std::map<std::string, std::string>& row, std::string_view column) {
    const auto found = row.find(std::string(column));
    return found == row.end() ? std::string() : found->second;
}

template <typename Columns>
void add(metrics::Families& families, const std::vector<PoolTables>& tables, Rows PoolTables::* table,
         const Columns& columns, std::string_view database_column) {
    for (const auto& column : columns) {
        metrics::Family family{.name = std::string(column.metric),
                               .help = std::string(column.help),
                               .counter = column.counter,
                               .samples = {}};
        for (const auto& each : tables) {
            for (const auto& row : each.*table) {
                const auto database = at(row, database_column);
                const auto value = at(row, column.column);
                if (database == "pgbouncer" || value.empty()) { continue; }
                metrics::Sample sample{.labels = {{"pool", std::string(name_of(each.pool))}, {"database", database}},
                                       .value = std::strtod(value.c_str(), nullptr) * column.scale};
                if (const auto user = at(row, "user"); !user.empty()) { sample.labels.emplace("user", user); }
                family.samples.push_back(std::move(sample));
            }
        }
        families.push_back(std::move(family));
    }
}

} // namespace

metrics::Families figures_from(const std::vector<PoolTables>& tables) {
    metrics::Families families;
    metrics::Family up{.name = "pgbouncer_up", .help = "1 while the pool answers.", .samples = {}};
    for (const auto& each : tables) {
        up.samples.push_back({.labels = {{"pool", std::string(name_of(each.pool))}}, .value = each.up ? 1.0 : 0.0});
    }
    families.push_back(std::move(up));
    add(families, tables, &PoolTables::pools, kPools, "database");
    add(families, tables, &PoolTables::databases, kDatabases, "name");
    add(families, tables, &PoolTables::stats, kStats, "database");
    return families;
}

std::string figures(const Proxy& proxy) {
    constexpr std::chrono::seconds kPatience{2};
    std::vector<PoolTables> tables;
    for (const auto pool : {Pool::write, Pool::read}) {
        PoolTables& table = tables.emplace_back(PoolTables{.pool = pool});
        const auto ask = [&](std::string_view command) {
            const auto csv = ask_pool(proxy, pool, command, kPatience);
            return csv ? rows_from_csv(*csv) : Rows();
        };
        table.pools = ask("SHOW POOLS");
        table.up = !table.pools.empty();
        if (!table.up) { continue; }
        table.databases = ask("SHOW DATABASES");
        table.stats = ask("SHOW STATS");
    }
    return metrics::to_text(figures_from(tables));
}

} // namespace ingot::firstboot::proxy
