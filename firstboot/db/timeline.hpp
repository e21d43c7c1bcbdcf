// Keeps WAL of a timeline past the point where a newer one forked off from being read, and from being archived twice.
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
//
// Each member that follows keeps such a segment too, as far as it was streamed; what comes after that in the file is
// what the file held before, on each member something else. PostgreSQL has no mark that it is archived, so a member
// that leads later, and finds it old, archives it. The second member that does so is refused by pgBackRest ("already
// exists with a different checksum"), again and again, and no other segment of it is archived any more. (Seen in the
// lab: three changes of leader within the WAL that is kept.) Nobody needs it: the new timeline's segment of the same
// number begins with all that came before the fork. So archive_command asks as well, and takes that refusal of such a
// segment for success.
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

/// The same for a file by its name, and the newest history file in `wal_folder`. True for what is no segment, or
/// without any history.
Result<bool> leads_to_newest(const std::filesystem::path& wal_folder, std::string_view file);

} // namespace ingot::firstboot::db
