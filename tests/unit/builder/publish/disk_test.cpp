#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/publish/disk_image.hpp"
#include "builder/publish/hetzner/disk_writer.hpp"
#include "builder/publish/report.hpp"
#include "tests/component/upload/fixture.hpp"

namespace {

using namespace ingot;
using namespace ingot::builder::publish;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(DiskImage, KnowsItsFramesAndTheirHoles) {
    const auto folder = *files::TempDir::create();
    const auto made = tests::make_image(folder.path(), "db");
    const auto image = open_image(made.folder, std::nullopt);
    ASSERT_TRUE(image);
    const Stop stop;
    const auto disk = DiskImage::open(*image, stop);
    ASSERT_TRUE(disk) << disk.error().to_string();
    EXPECT_EQ(disk->size(), tests::kImageSize);
    std::vector<bool> zero;
    for (const auto& frame : disk->frames()) { zero.push_back(frame.zero); }
    EXPECT_THAT(zero, ElementsAre(false, true, false, false));
    EXPECT_EQ(disk->frames().back().disk_size, 2 * tests::kMebi);
}

TEST(DiskImage, IsRefusedWhenItIsNotTheOneInTheManifest) {
    const auto folder = *files::TempDir::create();
    const auto made = tests::make_image(folder.path(), "db");
    const auto image = open_image(made.folder / "disk.raw.zst", std::nullopt); // a file of it will do
    ASSERT_TRUE(image);
    EXPECT_EQ(image->name, "db");
    const auto bytes = *files::read(made.folder / "disk.raw.zst");
    const Stop stop;
    const auto open_with = [&](const std::string& content) {
        EXPECT_TRUE(files::write(made.folder / "disk.raw.zst", content));
        const auto opened = DiskImage::open(*image, stop);
        EXPECT_FALSE(opened);
        return opened ? std::string() : opened.error().to_string();
    };
    EXPECT_THAT(open_with(bytes.substr(0, bytes.size() - 1)), HasSubstr("but its manifest says"));
    auto flipped = bytes;
    flipped[flipped.size() - 9] = static_cast<char>(flipped[flipped.size() - 9] ^ 1);
    EXPECT_THAT(open_with(flipped), HasSubstr("changed after it was built"));
    EXPECT_THAT(open_with(std::string(bytes.size(), 'x')), HasSubstr("no zstd frame"));
}

TEST(Runs, JoinNeighboursUpToALimit) {
    const std::vector<Frame> frames(7);
    using hetzner::Run;
    EXPECT_THAT(hetzner::runs_of(frames, 2, {true, true, true, false, true, false, false}),
                ElementsAre(Run{0, 2}, Run{2, 1}, Run{4, 1}));
    EXPECT_TRUE(hetzner::runs_of(frames, 2, std::vector<bool>(7)).empty());
}

TEST(ReadBack, LinesThatAreNotOnesAreNothing) {
    const std::string digest(64, 'a');
    EXPECT_EQ(hetzner::parse_read_back("4194304 " + digest)->offset, 4194304U);
    for (const auto& bad :
         {std::string("x ") + digest, std::string("1 abc"), std::string(), std::string("-1 ") + digest, digest}) {
        EXPECT_FALSE(hetzner::parse_read_back(bad)) << bad;
    }
}

TEST(Amounts, SayRateAndTimeLeft) {
    EXPECT_EQ(describe({.done = 0, .total = 100'000'000}), "0 B of 100.0 MB");
    EXPECT_EQ(describe({.done = 25'000'000, .total = 100'000'000, .elapsed = 5s}),
              "25.0 MB of 100.0 MB, 5.0 MB/s, 15.0 s left");
    EXPECT_EQ(seconds_left({.done = 0, .total = 1, .elapsed = 1s}), -1);
}

} // namespace
