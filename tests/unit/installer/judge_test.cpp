// A row for each rule of decide.cpp about whether a disk may be written.
#include "installer/disks/decide.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::installer {
namespace {

using testing::HasSubstr;

const Disk kDisk{.name = "sda",
                 .path = "/dev/sda",
                 .by_id = {"ata-WDC_W1"},
                 .serial = "W1",
                 .size = 500'000'000'000,
                 .sector_size = 512};
const std::string kMap(64, 'a');
const std::string kOther(64, 'b');

Marker mark(const std::string& machine = "uuid:me", const std::string& map = kMap, const std::string& again = "") {
    return {.machine = machine, .map_sha256 = map, .again = again};
}

enum class Expected { install, boot, refused };

struct JudgeRow {
    const char* name;
    Contents contents;
    const char* wipe;
    Expected expected;
    const char* reason;
    const char* again = "";
};

Contents with(const Marker& marker, bool first_sector_empty) {
    return {.signature = first_sector_empty ? std::nullopt : std::optional<std::string>("a partition table (gpt)"),
            .first_sector_empty = first_sector_empty,
            .start_empty = false,
            .marker = marker};
}

class Judging : public testing::TestWithParam<JudgeRow> {};

TEST_P(Judging, LosesNothingThatNobodyGaveAway) {
    const auto& row = GetParam();
    const auto verdict =
        judge(kDisk, row.contents, {.machine = "uuid:me", .map_sha256 = kMap, .again = row.again, .wipe = row.wipe});
    if (row.expected == Expected::refused) {
        ASSERT_FALSE(verdict) << verdict->reason;
        EXPECT_EQ(verdict.error().kind, ErrorKind::refused);
        EXPECT_THAT(verdict.error().message, HasSubstr(row.reason));
        return;
    }
    ASSERT_TRUE(verdict) << verdict.error().to_string();
    EXPECT_EQ(verdict->action, row.expected == Expected::boot ? Action::boot : Action::install);
    EXPECT_THAT(verdict->reason, HasSubstr(row.reason));
}

const Contents kExt4{.signature = "ext4 labelled 'data'", .first_sector_empty = true, .start_empty = false};

INSTANTIATE_TEST_SUITE_P(
    Rules, Judging,
    testing::Values(
        JudgeRow{"Empty", {}, "", Expected::install, "it is empty"},
        JudgeRow{"UnreadableIsNotEmpty", {.unreadable = "I/O error"}, "", Expected::refused, "not known to be empty"},
        JudgeRow{"UnreadableIsNotEmptyWhateverIsAllowed",
                 {.unreadable = "I/O error"},
                 "W1",
                 Expected::refused,
                 "not known to be empty"},
        JudgeRow{"Filesystem", kExt4, "", Expected::refused, "ext4 labelled 'data'"},
        JudgeRow{"FilesystemThatMayGo", kExt4, "W1", Expected::install, "wipe=W1 names it"},
        JudgeRow{"FilesystemThatMayGoById", kExt4, "/dev/disk/by-id/ata-WDC_W1", Expected::install, "names it"},
        JudgeRow{"WipeOfAnotherDisk", kExt4, "W2", Expected::refused, "names another disk"},
        JudgeRow{"SomethingAtTheStart", {.start_empty = false}, "", Expected::refused, "in its first MiB"},
        JudgeRow{"SomethingAtTheEnd", {.end_empty = false}, "", Expected::refused, "in its last MiB"},
        JudgeRow{"Installed", with(mark(), false), "", Expected::boot, "this image is installed"},
        JudgeRow{"InstalledAndWipeStandsThereForEver", with(mark(), false), "W1", Expected::boot, "this image"},
        JudgeRow{"InstalledFromAnotherImage", with(mark("uuid:me", kOther), false), "", Expected::boot,
                 "another image"},
        JudgeRow{"AnotherImageAndWipe", with(mark("uuid:me", kOther), false), "W1", Expected::install, "names it"},
        JudgeRow{"AgainAlone", with(mark(), false), "", Expected::boot, "another image", "2026"},
        JudgeRow{"AgainAndWipe", with(mark(), false), "W1", Expected::install, "names it", "2026"},
        JudgeRow{"AgainDoneAlready", with(mark("uuid:me", kMap, "2026"), false), "W1", Expected::boot, "this image",
                 "2026"},
        JudgeRow{"DidNotEnd", with(mark(), true), "", Expected::install, "begins anew"},
        JudgeRow{"DidNotEndButSomebodyUsedItSince",
                 {.signature = "LVM2_member", .first_sector_empty = true, .start_empty = false, .marker = mark()},
                 "",
                 Expected::refused,
                 "not empty"},
        JudgeRow{"OfAnotherMachine", with(mark("uuid:other"), false), "", Expected::refused, "of another machine"},
        JudgeRow{"OfAnotherMachineUnfinished", with(mark("uuid:other"), true), "", Expected::refused,
                 "another machine"},
        JudgeRow{"OfAnotherMachineAndWipe", with(mark("uuid:other"), false), "W1", Expected::install, "names it"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Judging, SaysWhichWordWouldAllowIt) {
    const auto verdict = judge(kDisk, kExt4, {.machine = "uuid:me", .map_sha256 = kMap});
    ASSERT_FALSE(verdict);
    EXPECT_THAT(verdict.error().message, HasSubstr("ingot.wipe=W1"));
}

TEST(Judging, NamesWithoutATextNameNothing) {
    auto nameless = kDisk;
    nameless.serial.clear();
    EXPECT_FALSE(judge(nameless, kExt4, {.machine = "uuid:me", .map_sha256 = kMap, .wipe = ""}));
}

} // namespace
} // namespace ingot::installer
