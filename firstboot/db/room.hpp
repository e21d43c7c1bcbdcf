// Room on the disks of the database, and what is done when it runs out.
//
// A leader whose disk is full is well in Patroni's eyes: PostgreSQL runs, answers, and refuses each write, so nobody
// takes over, however much room the others have. (Seen in the lab.) So a leader that runs short of room hands over.
// In the order in which it is asked:
//
//   A  there is room                             → nothing
//   B  this member does not lead                 → nothing; it stops following, and goes on once there is room
//   C  it handed over for this a short while ago → nothing: leadership shall not go round
//   D  no member that may lead has plenty        → nothing: it would be no better there
//   E  otherwise                                 → switch over to the one that has most
//
// Nothing is ever deleted to make room.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// Of the disk that holds the data, or of the one for the WAL if that is shorter of it.
struct Room {
    std::uint64_t free_bytes = 0;
    std::uint64_t disk_bytes = 0; ///< 0: unknown
};
Room observe_room(const Database& database);

/// PostgreSQL will soon find none: a fiftieth of the disk is left, 64 MiB at least, 2 GiB at most.
bool is_short(const Room& room);

/// What a member's figures say (metrics, port 9180).
std::optional<Room> room_from_figures(std::string_view figures);

struct MemberRoom {
    std::string name;
    Room room;
};
/// Who shall lead instead: the one with the most room, if it is plenty; nobody otherwise.
std::optional<std::string> roomiest(const std::vector<MemberRoom>& others);

/// The duty: fails while there is little room, and hands over if this member leads.
class RoomWatch {
  public:
    Status operator()(const Database& database);

  private:
    Status hand_over(const Database& database, const Error& shortage);

    std::optional<std::chrono::steady_clock::time_point> handed_over_{};
    int attempts_ = 0;
};

} // namespace ingot::firstboot::db
