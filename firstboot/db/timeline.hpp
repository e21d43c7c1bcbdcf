// Keeps recovery from reading WAL of a timeline past the point where a newer one forked off.
//
// A leader dies in the middle of a segment; another one is promoted and goes on, on a new timeline, in a segment
// of the same number. When the old leader comes back it archives its own, complete version of that segment
// (PostgreSQL does so when it shuts down, Patroni before it rewinds). Until the new leader's version is in the
// archive too, up to archive_timeout later, a replica that is being made finds only the old one, replays it to its
// end, past the fork, and streams on from the next segment: it has silently missed every commit of the new leader in
// between. (Seen in the lab: kill the leader, write, start it again, add a replica: a committed row was missing.)
//
// So restore_command asks first: a segment of an older timeline in which the newest known timeline forks off, or that
// comes after that, is not restored. Recovery then streams it from the new leader.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::firstboot::db {

/// What the name of a WAL segment says, for segments of 16 MiB (initdb's default, which Ingot never changes).
struct Segment {
    std::uint32_t timeline = 0;
    std::uint64_t number = 0;
};
/// "00000001000000000000000B"; nothing for history files, .partial and .backup.
std::optional<Segment> segment_from_name(std::string_view name);

/// False if `segment` reaches past the point at which `history`, of timeline `newest`, leaves its timeline.
bool is_before_fork(const Segment& segment, std::uint32_t newest, std::string_view history);

/// Asks the newest history file in `wal_folder`. True for what is no segment, or without any history.
Result<bool> may_restore(const std::filesystem::path& wal_folder, std::string_view file);

} // namespace ingot::firstboot::db
