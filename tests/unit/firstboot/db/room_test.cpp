#include "firstboot/db/room.hpp"

#include <gtest/gtest.h>

#include "firstboot/db/figures.hpp"

namespace ingot::firstboot::db {
namespace {

constexpr std::uint64_t kMiB = 1ULL << 20U;
constexpr std::uint64_t kGiB = 1ULL << 30U;

TEST(Room, IsShortBeforeThereIsNone) {
    struct Row {
        std::uint64_t free;
        std::uint64_t disk;
        bool is_short;
    };
    for (const auto& row : {
             Row{0, 0, false}, // unknown
             Row{0, kGiB, true},
             Row{63 * kMiB, 600 * kMiB, true},
             Row{64 * kMiB, 600 * kMiB, false},
             Row{kGiB, 100 * kGiB, true},
             Row{2 * kGiB, 100 * kGiB, false},
             Row{2 * kGiB - 1, 4096 * kGiB, true},
             Row{2 * kGiB, 4096 * kGiB, false},
         }) {
        EXPECT_EQ(is_short({.free_bytes = row.free, .disk_bytes = row.disk}), row.is_short)
            << row.free << " of " << row.disk;
    }
}

TEST(Room, OfTheMemberThatHasMostIsTakenIfItIsPlenty) {
    const Room full{.free_bytes = 10 * kMiB, .disk_bytes = 100 * kGiB};
    const Room some{.free_bytes = 7 * kGiB, .disk_bytes = 100 * kGiB}; // less than four times what is short
    const Room plenty{.free_bytes = 8 * kGiB, .disk_bytes = 100 * kGiB};
    const Room most{.free_bytes = 9 * kGiB, .disk_bytes = 100 * kGiB};
    EXPECT_EQ(roomiest({}), std::nullopt);
    EXPECT_EQ(roomiest({{"db-2", full}, {"db-3", some}}), std::nullopt);
    EXPECT_EQ(roomiest({{"db-2", full}, {"db-3", plenty}}), "db-3");
    EXPECT_EQ(roomiest({{"db-2", most}, {"db-3", plenty}}), "db-2");
}

TEST(Room, IsReadFromTheFiguresThatANodeServes) {
    const auto text = metrics::to_text(figures_from({.room = {.free_bytes = 5 * kGiB, .disk_bytes = 4096 * kGiB}}));
    const auto room = room_from_figures(text);
    ASSERT_TRUE(room.has_value()) << text;
    EXPECT_EQ(room->free_bytes, 5 * kGiB);
    EXPECT_EQ(room->disk_bytes, 4096 * kGiB);
    EXPECT_FALSE(room_from_figures("").has_value());
    EXPECT_FALSE(room_from_figures("ingot_db_free_bytes_more 1\ningot_db_disk_bytes nan\n").has_value());
}

} // namespace
} // namespace ingot::firstboot::db
