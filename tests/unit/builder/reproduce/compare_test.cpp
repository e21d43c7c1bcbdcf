#include "builder/reproduce/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files/files.hpp"

namespace ingot::builder::reproduce {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class TwoTrees : public testing::Test {
  protected:
    TwoTrees() : folder_(*files::TempDir::create()) {
        for (const auto* tree : {"one", "other"}) {
            const auto root = folder_.path() / tree;
            EXPECT_TRUE(files::write(root / "etc/motd", "hello\n"));
            EXPECT_TRUE(files::write(root / "usr/bin/tool", "#!/bin/sh\n", {.mode = 0755}));
            fs::create_symlink("tool", root / "usr/bin/link");
            for (const auto* path : {"etc/motd", "usr/bin/tool", "usr/bin/link", "usr/bin", "usr", "etc"}) {
                date(tree, path, 1000);
            }
        }
    }
    void date(const fs::path& tree, const fs::path& path, std::int64_t seconds) {
        const std::array<timespec, 2> times = {timespec{.tv_sec = seconds, .tv_nsec = 0},
                                               timespec{.tv_sec = seconds, .tv_nsec = 0}};
        ASSERT_EQ(::utimensat(AT_FDCWD, (folder_.path() / tree / path).c_str(), times.data(), AT_SYMLINK_NOFOLLOW),
                  0);
    }
    fs::path other(const fs::path& path) { return folder_.path() / "other" / path; }
    std::string difference() {
        const auto found = first_difference_of_trees(folder_.path() / "one", folder_.path() / "other");
        EXPECT_TRUE(found) << found.error().to_string();
        return found->value_or("");
    }
    files::TempDir folder_;
};

TEST_F(TwoTrees, ThatAreTheSameHaveNoDifference) { EXPECT_EQ(difference(), ""); }

TEST_F(TwoTrees, DifferInContent) {
    ASSERT_TRUE(files::write(other("etc/motd"), "hellO\n"));
    EXPECT_EQ(difference(), "etc/motd: the content differs from byte 4 on (6 bytes, now 6)");
    ASSERT_TRUE(files::write(other("etc/motd"), "hello\nworld\n"));
    EXPECT_EQ(difference(), "etc/motd: the content differs from byte 6 on (6 bytes, now 12)");
}

TEST_F(TwoTrees, DifferInModeTimeTargetAndKind) {
    date("other", "etc/motd", 1001);
    EXPECT_EQ(difference(), "etc/motd: the time of change is 1000, now 1001");
    ASSERT_EQ(::chmod(other("etc/motd").c_str(), 0600), 0);
    EXPECT_EQ(difference(), "etc/motd: the mode is 0644, now 0600");
    fs::remove(other("etc/motd"));
    fs::create_directory(other("etc/motd"));
    EXPECT_EQ(difference(), "etc/motd: is a file in the image and a folder in the new build");
}

TEST_F(TwoTrees, DifferInWhereALinkLeads) {
    fs::remove(other("usr/bin/link"));
    fs::create_symlink("/bin/sh", other("usr/bin/link"));
    EXPECT_EQ(difference(), "usr/bin/link: the link leads to tool, now to /bin/sh");
}

TEST_F(TwoTrees, NameAFileThatCameOrWentBeforeTheTimeOfItsFolder) {
    ASSERT_TRUE(files::write(other("etc/new"), ""));
    EXPECT_EQ(difference(), "etc/new: is not in the image, only in the new build");
    fs::remove(other("etc/new"));
    fs::remove(other("etc/motd"));
    EXPECT_EQ(difference(), "etc/motd: is in the image, not in the new build");
}

TEST_F(TwoTrees, DifferInOwner) {
    if (::geteuid() != 0) { GTEST_SKIP() << "giving a file away needs root"; }
    ASSERT_EQ(::lchown(other("usr/bin/tool").c_str(), 7, 8), 0);
    EXPECT_EQ(difference(), "usr/bin/tool: the owner is 0:0, now 7:8");
}

TEST(TwoFiles, DifferAtOneByteFarBehind) {
    const auto folder = *files::TempDir::create();
    std::string text(3U << 20U, 'x');
    ASSERT_TRUE(files::write(folder.path() / "one", text));
    text[(2U << 20U) + 5] = 'y';
    ASSERT_TRUE(files::write(folder.path() / "other", text));
    EXPECT_EQ(**first_different_byte(folder.path() / "one", folder.path() / "other"), (2U << 20U) + 5);
    EXPECT_FALSE(first_different_byte(folder.path() / "one", folder.path() / "one")->has_value());
}

TEST(ADisk, IsKnownByItsPartitions) {
    std::string disk(34 * 512, '\0');
    const auto put = [&](std::size_t at, std::uint64_t number, std::size_t size) {
        for (std::size_t index = 0; index < size; ++index) {
            disk[at + index] = static_cast<char>((number >> (8U * index)) & 0xFFU);
        }
    };
    disk.replace(512, 8, "EFI PART");
    put(512 + 72, 2, 8);
    put(512 + 80, 128, 4);
    put(512 + 84, 128, 4);
    put(1024 + 32, 2048, 8);
    put(1024 + 40, 4095, 8);
    for (std::size_t index = 0; index < 4; ++index) { disk[1024 + 56 + 2 * index] = "root"[index]; }
    const auto regions = regions_of(disk);
    ASSERT_EQ(regions.size(), 4U);
    EXPECT_EQ(regions[3].name, "partition 1 (root)");
    EXPECT_EQ(regions[3].start, 2048U * 512);
    EXPECT_EQ(regions[3].end, 4096U * 512);
    EXPECT_THAT(regions_of(std::string(34 * 512, 'x')), testing::IsEmpty());
    EXPECT_THAT(regions_of("short"), testing::IsEmpty());
}

} // namespace
} // namespace ingot::builder::reproduce
