// A leader that shall hand over, and whose PostgreSQL hangs before it does.
//
// Patroni stops a leader in two parts: a CHECKPOINT while clients still work, which may take as long as it takes,
// then the shutdown, in which nobody is served. The second has an end: Patroni kills a PostgreSQL that has not
// stopped after `primary_stop_timeout`, where synchronous replication keeps what was acknowledged elsewhere. The
// first has none, and meanwhile Patroni holds the leader's key and does nothing else. On a full disk, or with a
// checkpointer that hangs, that is for ever. (Seen in the lab.) So that CHECKPOINT alone is cancelled, and Patroni
// goes on with the shutdown. That costs nothing but time: a PostgreSQL that is well then writes the same in its
// shutdown, and no process is killed here. In the order in which it is asked:
//
//   A  this member does not lead                        → nothing
//   B  it was not asked to hand over                    → nothing: a checkpoint of its own is nobody's business
//   C  no synchronous member is able to lead            → nothing: nobody could take over
//   D  its disk is short of room: it takes no writes    → half a minute
//   E  otherwise clients still write                    → ten minutes: longer than a checkpoint that has only much to
//   do
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "firstboot/db/room.hpp"
#include "firstboot/db/switchover.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// How long the checkpoint before a switchover may take on member `self`; nothing: as long as it takes.
std::optional<std::chrono::seconds> checkpoint_patience(const Leadership& leadership, std::string_view self,
                                                        const Room& room);

/// Cancels Patroni's checkpoints that are older than that; the processes it was told of are the answer's lines.
std::string render_cancel_checkpoint(std::chrono::seconds patience);

/// The duty.
Status watch_checkpoint(const Database& database);

} // namespace ingot::firstboot::db
