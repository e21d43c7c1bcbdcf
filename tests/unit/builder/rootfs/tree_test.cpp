#include "builder/rootfs/tree.hpp"

#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include "common/files/files.hpp"

namespace ingot::builder::rootfs {
namespace {

class OverlayTree : public testing::Test {
  protected:
    OverlayTree() : folder_(*files::TempDir::create()) {
        put("a/etc/x.conf", "x\n", 0644);
        put("a/usr/bin/tool", "#!/bin/sh\n", 0755);
        std::filesystem::create_symlink("x.conf", folder_.path() / "a/etc/link");
    }
    void put(const std::string& path, std::string_view text, mode_t mode) {
        ASSERT_TRUE(files::write(folder_.path() / path, text, {.mode = mode}));
    }
    std::string digest() { return *tree_digest(folder_.path() / "a"); }
    mode_t mode_of(const std::string& path) {
        struct stat status{};
        EXPECT_EQ(::lstat((folder_.path() / path).c_str(), &status), 0);
        return status.st_mode & 07777U;
    }
    files::TempDir folder_;
};

TEST(ModeInImage, IsNoAccidentOfAnUmask) {
    EXPECT_EQ(mode_in_image(0664), 0644U);
    EXPECT_EQ(mode_in_image(0600), 0644U);
    EXPECT_EQ(mode_in_image(0775), 0755U);
    EXPECT_EQ(mode_in_image(0700), 0755U);
    EXPECT_EQ(mode_in_image(S_IFREG | 04755U), 0755U);
}

TEST_F(OverlayTree, NamesItsFiles) {
    EXPECT_EQ(*files_of_tree(folder_.path() / "a"),
              (std::vector<std::string>{"/etc/link", "/etc/x.conf", "/usr/bin/tool"}));
}

TEST_F(OverlayTree, HasADigestOverNamesModesLinksAndContents) {
    const auto before = digest();
    EXPECT_EQ(digest(), before);
    put("a/etc/x.conf", "y\n", 0644);
    const auto content = digest();
    EXPECT_NE(content, before);
    put("a/etc/x.conf", "x\n", 0755);
    EXPECT_NE(digest(), before);
    put("a/etc/x.conf", "x\n", 0644);
    EXPECT_EQ(digest(), before);
    std::filesystem::remove(folder_.path() / "a/etc/link");
    std::filesystem::create_symlink("other", folder_.path() / "a/etc/link");
    EXPECT_NE(digest(), before);
}

TEST_F(OverlayTree, DigestIgnoresTimesAndGitsPlaceholders) {
    const auto before = digest();
    std::filesystem::last_write_time(folder_.path() / "a/etc/x.conf", std::filesystem::file_time_type{});
    put("a/etc/.gitkeep", "", 0644);
    EXPECT_EQ(digest(), before);
}

TEST_F(OverlayTree, IsCopiedOverWhatIsThere) {
    if (::geteuid() != 0) { GTEST_SKIP() << "setting owners needs root"; }
    put("root/etc/x.conf", "of a package\n", 0600);
    put("root/target", "must not be touched\n", 0644);
    std::filesystem::create_symlink("../target", folder_.path() / "root/etc/link");
    const auto copied = copy_tree(folder_.path() / "a", folder_.path() / "root");
    ASSERT_TRUE(copied) << copied.error().to_string();
    EXPECT_EQ(*files::read(folder_.path() / "root/etc/x.conf"), "x\n");
    EXPECT_EQ(mode_of("root/etc/x.conf"), 0644U);
    EXPECT_EQ(mode_of("root/usr/bin/tool"), 0755U);
    EXPECT_EQ(std::filesystem::read_symlink(folder_.path() / "root/etc/link"), "x.conf");
    EXPECT_EQ(*files::read(folder_.path() / "root/target"), "must not be touched\n");
}

TEST_F(OverlayTree, KeepsTheModeOfAFolderThatIsThere) {
    if (::geteuid() != 0) { GTEST_SKIP() << "setting owners needs root"; }
    ASSERT_TRUE(files::make_directory(folder_.path() / "root/etc", {.mode = 0700}));
    ASSERT_TRUE(copy_tree(folder_.path() / "a", folder_.path() / "root"));
    EXPECT_EQ(mode_of("root/etc"), 0700U);
}

} // namespace
} // namespace ingot::builder::rootfs
