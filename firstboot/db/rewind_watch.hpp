// A replica that has replayed WAL past the point where its leader's timeline forks off.
//
// Patroni looks once, when a replica starts or gets another leader, whether it has to be rewound. A replica that was
// off and comes back while another one leads may still be before the fork then, and replay more of its own WAL a
// moment later: if the history of the new timeline is not in the archive yet (the repository is away), nothing stops
// it. From then on PostgreSQL says "new timeline forked off current database system timeline before current recovery
// point" for ever, and Patroni "no action". (Seen in the lab.) Patroni looks again when it starts, finds PostgreSQL's
// place in pg_control, and rewinds. So it is restarted here, on such a replica:
//
//   A  this member leads, or nobody does                        → nothing
//   B  it does not run, or it streams                           → nothing: it is being made or rewound, or it is well
//   C  it is on the leader's timeline, or on one that the history does not know → nothing
//   D  it is not past the point where the leader's history leaves its timeline  → nothing: it follows as it is
//   E  not yet for half a minute, or Patroni was restarted for this in the last ten minutes → nothing
//   F  otherwise                                                → restart Patroni
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "common/clock/clock.hpp"
#include "firstboot/coordination/etcd_client.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// A to D, from Patroni's keys.
bool is_past_fork(std::string_view cluster, std::string_view self, const Listing& listing);

/// What it looks like over time.
class RewindWatch {
  public:
    Status operator()(const Database& database);

    /// E: true if Patroni shall be restarted at `now`, and remembers that it was.
    bool shall_restart(bool past_fork, clock::Monotonic now);

  private:
    std::optional<clock::Monotonic> since_{};
    std::optional<clock::Monotonic> restarted_{};
};

} // namespace ingot::firstboot::db
