#include "common/diskmap/diskmap.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text/text.hpp"

namespace ingot::diskmap {
namespace {

DiskMap sample() {
    const std::string digest(64, 'a');
    return {.size = kPiece + 512,
            .boot = {.root_at = kSector,
                     .root_size = kSector,
                     .kernel = "boot/k",
                     .initrd = "boot/i",
                     .command_line = "rw"},
            .pieces = {{.at = 0, .length = 7, .frame_sha256 = digest, .content_sha256 = digest},
                       {.at = 7, .length = 9, .zero = true, .frame_sha256 = digest, .content_sha256 = digest}}};
}

TEST(DiskMapText, IsReadAsItWasWritten) {
    const auto map = sample();
    const auto read = parse(render(map));
    ASSERT_TRUE(read) << read.error().to_string();
    EXPECT_EQ(*read, map);
    EXPECT_EQ(length_of(map, 1), 512U);
    EXPECT_EQ(data_bytes(map), kPiece);
    EXPECT_EQ(data_compressed(map), 7U);
}

TEST(DiskMapText, ThatContradictsItselfIsRefused) {
    const auto text = render(sample());
    struct Row {
        const char* from;
        const char* to;
    };
    for (const auto& row :
         {Row{"\"version\": 1", "\"version\": 2"}, Row{"0 7 data", "0 8 data"}, Row{"0 7 data", "1 7 data"},
          Row{"7 9 zero", "7 9 none"}, Row{"7 9 zero", "7 0 zero"}, Row{"7 9 zero", "7 99999999 zero"},
          Row{"7 9 zero", "-7 9 zero"}, Row{"\"size\": 4194816", "\"size\": 8388609"},
          Row{"\"size\": 4194816", "\"size\": 9388544"}, Row{"\"sector_size\": 512", "\"sector_size\": 4096"},
          Row{"\"root_at\": 512", "\"root_at\": 4194816"}, Row{"\"root_at\": 512", "\"root_at\": 511"},
          Row{"boot/k", "../k"}, Row{"boot/i", "/i"}, Row{"disk.raw.zst", "other"},
          Row{"0 7 data aaaa", "0 7 data Aaaa"}}) {
        const auto changed = text::replace_all(text, row.from, row.to);
        ASSERT_NE(changed, text) << row.from;
        EXPECT_FALSE(parse(changed)) << row.from << " → " << row.to;
    }
    EXPECT_FALSE(parse("{}"));
    EXPECT_FALSE(parse("nonsense"));
}

} // namespace
} // namespace ingot::diskmap
