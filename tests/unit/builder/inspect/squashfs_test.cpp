// What is no squashfs, or half of one. Real ones, made by mksquashfs: tests/component/builder/inspect_test.cpp.
#include "builder/inspect/squashfs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::inspect {
namespace {

using testing::HasSubstr;

std::string superblock(std::uint16_t compressor) {
    std::string bytes(96, '\0');
    bytes.replace(0, 4, "hsqs");
    bytes[12] = 0;
    bytes[14] = 2; // blocks of 128 KiB
    bytes[20] = static_cast<char>(compressor);
    bytes[28] = 4;
    return bytes;
}

std::string fault_of(std::string_view bytes) {
    const auto listing = read_squashfs(bytes, {});
    return listing ? "" : listing.error().message;
}

TEST(Squashfs, OtherFilesAreRefused) {
    EXPECT_THAT(fault_of(""), HasSubstr("not a squashfs"));
    EXPECT_THAT(fault_of(std::string(200, 'x')), HasSubstr("not a squashfs"));
    EXPECT_THAT(fault_of(superblock(1)), HasSubstr("neither zstd nor xz"));
}

TEST(Squashfs, DamageIsAnErrorAndNoCrash) {
    EXPECT_FALSE(fault_of(superblock(6)).empty()); // tables that lie in the superblock
    for (std::size_t i = 32; i < 96; ++i) {
        auto bytes = superblock(6);
        bytes[i] = '\xff';
        EXPECT_FALSE(fault_of(bytes).empty()) << i;
    }
}

} // namespace
} // namespace ingot::builder::inspect
