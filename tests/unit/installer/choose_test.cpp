// A row for each rule of decide.cpp about which disk is meant.
#include "installer/disks/decide.hpp"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::installer {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kNeeded = 2'000'000'000;
constexpr std::uint64_t kBig = 500'000'000'000;

Disk nvme(const std::string& name, const std::string& serial) {
    return {.name = name,
            .path = "/dev/" + name,
            .by_id = {"nvme-SAMSUNG_" + serial},
            .serial = serial,
            .wwn = "eui." + serial,
            .model = "SAMSUNG MZVL2512",
            .transport = "nvme",
            .size = kBig,
            .sector_size = 512};
}

struct ChoiceRow {
    const char* name;
    std::vector<Disk> disks;
    const char* rules;
    const char* chosen; ///< path; nullptr: refused
    const char* reason = "";
};

Disk changed(Disk disk, const std::function<void(Disk&)>& change) {
    change(disk);
    return disk;
}

class Choosing : public testing::TestWithParam<ChoiceRow> {};

TEST_P(Choosing, TakesTheOneDiskThatIsMeantOrNone) {
    const auto& row = GetParam();
    const auto rules = parse_rules(row.rules);
    ASSERT_TRUE(rules) << rules.error().to_string();
    const auto chosen = choose(*rules, row.disks, kNeeded, 512);
    if (row.chosen != nullptr) {
        ASSERT_TRUE(chosen) << chosen.error().to_string();
        EXPECT_EQ(chosen->path, row.chosen);
        return;
    }
    ASSERT_FALSE(chosen) << chosen->path;
    EXPECT_EQ(chosen.error().kind, ErrorKind::refused);
    EXPECT_THAT(chosen.error().message, HasSubstr(row.reason));
}

const auto kA = nvme("nvme0n1", "S1");
const auto kB = nvme("nvme1n1", "S2");

INSTANTIATE_TEST_SUITE_P(
    Rules, Choosing,
    testing::Values(
        ChoiceRow{"TheOnlyDisk", {kA}, "", "/dev/nvme0n1"}, ChoiceRow{"NoDisk", {}, "", nullptr, "there is none"},
        ChoiceRow{"TwoWithoutRules", {kA, kB}, "", nullptr, "2 disks fit"},
        ChoiceRow{"BySerial", {kA, kB}, "serial=S2", "/dev/nvme1n1"},
        ChoiceRow{"ById", {kA, kB}, "id=/dev/disk/by-id/nvme-SAMSUNG_S1", "/dev/nvme0n1"},
        ChoiceRow{"ByWwn", {kA, kB}, "wwn=eui.S2", "/dev/nvme1n1"},
        ChoiceRow{"SerialOfNobody", {kA, kB}, "serial=S3", nullptr, "its serial is S1"},
        ChoiceRow{"PatternThatLeavesTwo", {kA, kB}, "model=samsung*", nullptr, "2 disks fit"},
        ChoiceRow{"PatternThatLeavesOne",
                  {kA, changed(kB, [](Disk& disk) { disk.model = "WDC"; })},
                  "model=samsung*",
                  "/dev/nvme0n1"},
        ChoiceRow{"AllRulesHaveToHold", {kA, kB}, "serial=S1,transport=sata", nullptr, "its transport is nvme"},
        ChoiceRow{"SizeRange",
                  {kA, changed(kB, [](Disk& disk) { disk.size = kBig * 4; })},
                  "size>=1T,size<=3T",
                  "/dev/nvme1n1"},
        ChoiceRow{"Rotational",
                  {kA, changed(kB, [](Disk& disk) { disk.rotational = true; })},
                  "rotational=no",
                  "/dev/nvme0n1"},
        ChoiceRow{"ReadOnly", {changed(kA, [](Disk& disk) { disk.read_only = true; })}, "", nullptr, "read-only"},
        ChoiceRow{"NoMedium", {changed(kA, [](Disk& disk) { disk.size = 0; })}, "", nullptr, "no medium"},
        ChoiceRow{"InUse",
                  {changed(kA, [](Disk& disk) { disk.used_by = {"md127"}; })},
                  "serial=S1",
                  nullptr,
                  "in use: md127"},
        ChoiceRow{"InUseEvenByPath",
                  {changed(kA, [](Disk& disk) { disk.used_by = {"/"}; })},
                  "path=/dev/nvme0n1",
                  nullptr,
                  "in use: /"},
        ChoiceRow{
            "RemovableIsNotMeant", {kA, changed(kB, [](Disk& disk) { disk.removable = true; })}, "", "/dev/nvme0n1"},
        ChoiceRow{"RemovableByPath",
                  {kA, changed(kB, [](Disk& disk) { disk.removable = true; })},
                  "path=/dev/nvme1n1",
                  "/dev/nvme1n1"},
        ChoiceRow{"LoopIsNotMeantEvenByItsSerial",
                  {changed(kA, [](Disk& disk) { disk.virtual_device = true; })},
                  "serial=S1",
                  nullptr,
                  "no disk fits"},
        ChoiceRow{"LoopByPath",
                  {changed(kA, [](Disk& disk) { disk.virtual_device = true; })},
                  "path=/dev/nvme0n1",
                  "/dev/nvme0n1"},
        ChoiceRow{"TooSmall", {changed(kA, [](Disk& disk) { disk.size = 1'000'000'000; })}, "", nullptr, "too small"},
        ChoiceRow{"OtherSectors",
                  {changed(kA, [](Disk& disk) { disk.sector_size = 4096; })},
                  "serial=S1",
                  nullptr,
                  "4096 bytes"},
        ChoiceRow{"AnEmptySerialMatchesNoPattern",
                  {changed(kA, [](Disk& disk) { disk.serial.clear(); })},
                  "serial=*",
                  nullptr,
                  "it has no serial"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(Choosing, ListsEveryDiskWithWhatIsAgainstIt) {
    const auto chosen = choose(*parse_rules("serial=S9"), {kA, kB}, kNeeded, 512);
    ASSERT_FALSE(chosen);
    EXPECT_THAT(chosen.error().message, HasSubstr("/dev/nvme0n1 (500.0 GB, SAMSUNG MZVL2512, nvme, serial S1"));
    EXPECT_THAT(chosen.error().message, HasSubstr("its serial is S2"));
}

} // namespace
} // namespace ingot::installer
