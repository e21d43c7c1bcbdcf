#include "firstboot/db/room.hpp"

#include <algorithm>
#include <charconv>

#include <sys/statvfs.h>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/db/observe.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/db/switchover.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::db {

namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1ULL << 20U;

std::uint64_t little(const Room& room) { return std::clamp(room.disk_bytes / 50, 64 * kMiB, 2048 * kMiB); }

std::optional<Room> room_of(const std::filesystem::path& folder) {
    struct statvfs disk{};
    if (::statvfs(folder.c_str(), &disk) != 0) { return std::nullopt; }
    return Room{.free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize,
                .disk_bytes = std::uint64_t{disk.f_blocks} * disk.f_frsize};
}

/// "name 12345" on a line of its own.
std::optional<std::uint64_t> figure(std::string_view figures, std::string_view name) {
    for (const auto& line : text::lines(figures)) {
        if (!line.starts_with(name) || line.size() <= name.size() || line[name.size()] != ' ') { continue; }
        const auto word = text::trim(std::string_view(line).substr(name.size()));
        double value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (error == std::errc() && value >= 0) { return static_cast<std::uint64_t>(value); }
    }
    return std::nullopt;
}

/// Asks the agents of all members that may lead now; who does not answer is left out.
std::vector<MemberRoom> ask_others(const Database& database, const Leadership& leadership) {
    constexpr int kFigures = 9180;
    std::vector<MemberRoom> found;
    const auto http = database.environment.make_http();
    for (const auto& candidate : able_to_lead(leadership)) {
        const auto host = host_of(candidate.rest);
        const bool ipv6 = host.find(':') != std::string::npos;
        const auto answer =
            http->send({.url = text::format("https://{}:{}/metrics", ipv6 ? "[" + host + "]" : host, kFigures),
                        .tls = tls_for(database.environment.root, "db"),
                        .timeout = 5s});
        if (!answer) { continue; }
        if (const auto room = room_from_figures(answer->body)) { found.push_back({candidate.name, *room}); }
    }
    return found;
}

} // namespace

Room observe_room(const Database& database) {
    const auto& root = database.environment.root;
    auto room = room_of(root.at(data_directory(database.node))).value_or(Room{});
    if (!observe_machine(database).wal_disk) { return room; }
    const auto wal = room_of(root.at(kWalMount));
    return wal && (room.disk_bytes == 0 || wal->free_bytes < room.free_bytes) ? *wal : room;
}

bool is_short(const Room& room) { return room.disk_bytes > 0 && room.free_bytes < little(room); }

std::optional<Room> room_from_figures(std::string_view figures) {
    const auto free = figure(figures, "ingot_db_free_bytes");
    const auto disk = figure(figures, "ingot_db_disk_bytes");
    if (!free || !disk) { return std::nullopt; }
    return Room{.free_bytes = *free, .disk_bytes = *disk};
}

std::optional<std::string> roomiest(const std::vector<MemberRoom>& others) {
    constexpr std::uint64_t kPlenty = 4;
    const MemberRoom* best = nullptr;
    for (const auto& other : others) {
        if (other.room.free_bytes < kPlenty * little(other.room)) { continue; }
        if (best == nullptr || other.room.free_bytes > best->room.free_bytes) { best = &other; }
    }
    return best == nullptr ? std::nullopt : std::optional(best->name);
}

Status RoomWatch::hand_over(const Database& database, const Error& shortage) {
    constexpr auto kQuiet = 10min;
    constexpr int kGentle = 3; ///< attempts in which no transaction fails
    const auto now = database.environment.clock.monotonic();
    if (handed_over_ && now - *handed_over_ < kQuiet) { return shortage; }
    auto etcd = database.etcd();
    INGOT_ASSIGN(const auto listing, etcd->list(patroni_key(database.node.config.cluster, "")), "");
    const auto leadership = leadership_from(database.node.config.cluster, listing);
    const auto heir = roomiest(ask_others(database, leadership));
    if (!heir) { return fail(shortage.kind, shortage.message + "; no other member that may lead has plenty"); }
    log::warning(text::format("{}: {} shall lead instead", shortage.message, *heir));
    const bool anyway = attempts_++ >= kGentle;
    INGOT_ASSIGN(const auto report,
                 switch_over(database, {.to = *heir, .patience = 5s, .anyway = anyway, .checkpoint = false}),
                 shortage.message);
    handed_over_ = now;
    log::warning(text::format("{} leads now", report.to));
    return shortage;
}

Status RoomWatch::operator()(const Database& database) {
    const auto room = observe_room(database);
    if (!is_short(room)) {
        attempts_ = 0;
        return {};
    }
    const Error shortage{ErrorKind::transient,
                         text::format("the disk of the database has {} of {} left; when it is full, PostgreSQL takes "
                                      "no writes: make it larger, or see what grows",
                                      text::human_bytes(room.free_bytes), text::human_bytes(room.disk_bytes))};
    INGOT_ASSIGN(const auto leader, ask_whether_leader(database), shortage.message);
    if (!leader) { return shortage; }
    return hand_over(database, shortage);
}

} // namespace ingot::firstboot::db
