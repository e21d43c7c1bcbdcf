#include "firstboot/db/timeline.hpp"

#include <gtest/gtest.h>

#include "common/files/files.hpp"

namespace ingot::firstboot::db {
namespace {

// As PostgreSQL 17 writes it; timeline 3 forks off 2, which forked off 1.
constexpr std::string_view kHistory =
    "1\t0/B0029B0\tno recovery target specified\n\n2\t1/2000000\tno recovery target "
    "specified\n";

TEST(Timeline, ReadsTheNamesOfSegments) {
    const auto segment = segment_from_name("00000002000000010000000B");
    ASSERT_TRUE(segment.has_value());
    EXPECT_EQ(segment->timeline, 2U);
    EXPECT_EQ(segment->number, 256U + 11U);
    for (const auto* name : {"", "00000002.history", "00000001000000000000000B.partial", "RECOVERYXLOG",
                             "00000001000000000000000X", "0000000100000000000000 B", "00000001000000000000000B0"}) {
        EXPECT_FALSE(segment_from_name(name).has_value()) << name;
    }
}

TEST(Timeline, HandsOutNothingPastAFork) {
    struct Row {
        const char* file;
        bool before;
    };
    for (const auto& [file, before] : {
             Row{"00000001000000000000000A", true},  // before the fork
             Row{"00000001000000000000000B", false}, // the fork is in it: the new leader has its own version
             Row{"00000001000000000000000C", false}, Row{"000000010000000100000000", false},
             Row{"00000002000000000000000B", true}, Row{"000000020000000100000001", true},
             Row{"000000020000000100000002", false}, // the fork is at its very beginning
             Row{"000000030000000100000002", true}, Row{"000000040000000100000002", true}, // newer than what is known
         }) {
        EXPECT_EQ(is_before_fork(*segment_from_name(file), 3, kHistory), before) << file;
    }
}

TEST(Timeline, ToleratesAHistoryItCannotRead) {
    EXPECT_TRUE(is_before_fork({.timeline = 1, .number = 5}, 2, ""));
    EXPECT_TRUE(is_before_fork({.timeline = 1, .number = 5}, 2, "1\tnowhere\treason\n1\n\t\t\n"));
}

TEST(Timeline, GoesByTheNewestHistoryInTheFolder) {
    const auto folder = files::TempDir::create("ingot-test-").value();
    EXPECT_TRUE(leads_to_newest(folder.path(), "00000001000000000000000B").value());
    ASSERT_TRUE(files::write(folder.path() / "00000002.history", "1\t0/FF000000\tx\n"));
    EXPECT_TRUE(leads_to_newest(folder.path(), "00000001000000000000000B").value());
    ASSERT_TRUE(files::write(folder.path() / "00000003.history", kHistory));
    EXPECT_FALSE(leads_to_newest(folder.path(), "00000001000000000000000B").value());
    EXPECT_TRUE(leads_to_newest(folder.path(), "00000001000000000000000A").value());
    EXPECT_TRUE(leads_to_newest(folder.path(), "00000004.history").value());
    EXPECT_FALSE(leads_to_newest(folder.path() / "missing", "00000001000000000000000A").has_value());
}

} // namespace
} // namespace ingot::firstboot::db
