// What a proxy tells Prometheus beside HAProxy's own figures: its two pools. Names and meanings are those of the
// usual exporter for PgBouncer, which would bring Python into the image; the label `pool` is ours.
#pragma once

#include <string>

#include "firstboot/metrics/metrics.hpp"
#include "firstboot/proxy/console.hpp"

namespace ingot::firstboot::proxy {

/// The console's tables of one pool; empty if it did not answer.
struct PoolTables {
    Pool pool = Pool::write;
    bool up = false;
    Rows pools{};     ///< SHOW POOLS
    Rows databases{}; ///< SHOW DATABASES
    Rows stats{};     ///< SHOW STATS
};
metrics::Families figures_from(const std::vector<PoolTables>& tables);

/// Asks both pools.
std::string figures(const Proxy& proxy);

} // namespace ingot::firstboot::proxy
