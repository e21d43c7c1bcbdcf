#include "firstboot/proxy/pool.hpp"

#include <algorithm>

namespace ingot::firstboot::proxy {

std::string_view unit_of(Pool pool) { return pool == Pool::write ? "pgbouncer.service" : "ingot-read-pool.service"; }

std::string_view file_of(Pool pool) {
    return pool == Pool::write ? "/etc/pgbouncer/pgbouncer.ini" : "/etc/pgbouncer/read-pool.ini";
}

PoolSizes pool_sizes(const PoolShare& share) {
    constexpr int kLeast = 100; // what cluster_parameters() never goes below
    constexpr int kPercent = 80;
    constexpr int kReadersPart = 4;
    if (share.asked) { return {.write = *share.asked, .read = *share.asked}; }
    const int all = share.max_connections.value_or(kLeast) * kPercent / 100;
    const int each = all / std::max(1, share.proxies) / std::max(1, share.databases);
    const int readers = share.replicas > 0 ? each * std::max(1, share.replicas - 1) : each / kReadersPart;
    const int writers = share.replicas > 0 ? each : each - readers;
    return {.write = std::max(1, writers), .read = std::max(1, readers)};
}

} // namespace ingot::firstboot::proxy
