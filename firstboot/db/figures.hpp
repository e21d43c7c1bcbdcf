// What a db node tells Prometheus beside postgres-exporter: its place in the cluster, and how old the backup is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "firstboot/coordination/etcd_client.hpp"
#include "firstboot/db/room.hpp"
#include "firstboot/db/tools.hpp"
#include "firstboot/metrics/metrics.hpp"

namespace ingot::firstboot::db {

/// What the figures are made of.
struct FiguresView {
    std::string patroni{};                    ///< the answer of GET /patroni; empty: none
    std::optional<std::int64_t> leader_lsn{}; ///< from Patroni's key "status"
    std::string backup{};                     ///< /run/ingot/backup.json; empty: nothing is known yet
    Room room{};
};
metrics::Families figures_from(const FiguresView& view);

/// Asks Patroni and etcd.
std::string figures(const Database& database);

} // namespace ingot::firstboot::db
