#include "common/files/files.hpp"

#include <filesystem>
#include <string>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::files {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;

class Files : public testing::Test {
  protected:
    fs::path path(std::string_view name) const { return folder_.path() / name; }
    static mode_t mode_of(const fs::path& path) {
        struct ::stat status{};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        return status.st_mode & 07777U;
    }
    static ino_t inode_of(const fs::path& path) {
        struct ::stat status{};
        EXPECT_EQ(::stat(path.c_str(), &status), 0);
        return status.st_ino;
    }

  private:
    TempDir folder_ = TempDir::create().value();
};

TEST_F(Files, AreWrittenWithTheirModeAndParents) {
    ASSERT_TRUE(write(path("a/b/c"), "text", {.mode = 0600}).has_value());
    EXPECT_EQ(read(path("a/b/c")).value(), "text");
    EXPECT_EQ(mode_of(path("a/b/c")), 0600U);
    ASSERT_TRUE(write(path("a/b/c"), "other").has_value());
    EXPECT_EQ(read(path("a/b/c")).value(), "other");
    EXPECT_EQ(mode_of(path("a/b/c")), 0644U);
    EXPECT_THAT(list(path("a/b")).value(), ElementsAre("c"));
}

TEST_F(Files, MayBeNamedWithoutAFolder) {
    const auto before = fs::current_path();
    fs::current_path(path(""));
    EXPECT_TRUE(write("f", "text").has_value());
    EXPECT_EQ(read("f").value(), "text");
    fs::current_path(before);
}

TEST_F(Files, AreInvisibleUntilCommitted) {
    ASSERT_TRUE(write(path("f"), "old").has_value());
    {
        auto file = AtomicFile::create(path("f")).value();
        ASSERT_TRUE(file.write("half").has_value());
        EXPECT_EQ(read(path("f")).value(), "old");
    }
    EXPECT_EQ(read(path("f")).value(), "old");
    EXPECT_THAT(list(path("")).value(), ElementsAre("f"));
    auto file = AtomicFile::create(path("f")).value();
    ASSERT_TRUE(file.write("new").has_value());
    ASSERT_TRUE(file.commit().has_value());
    EXPECT_EQ(read(path("f")).value(), "new");
}

TEST_F(Files, AreLeftAloneWhenNothingChanges) {
    EXPECT_EQ(write_if_different(path("f"), "a", {.mode = 0640}).value(), true);
    const auto inode = inode_of(path("f"));
    EXPECT_EQ(write_if_different(path("f"), "a", {.mode = 0640}).value(), false);
    EXPECT_EQ(inode_of(path("f")), inode);
    EXPECT_EQ(write_if_different(path("f"), "a", {.mode = 0600}).value(), true);
    EXPECT_EQ(mode_of(path("f")), 0600U);
    EXPECT_EQ(write_if_different(path("f"), "b", {.mode = 0600}).value(), true);
}

TEST_F(Files, ReplaceALinkInsteadOfFollowingIt) {
    ASSERT_TRUE(write(path("target"), "keep").has_value());
    fs::create_symlink(path("target"), path("link"));
    ASSERT_TRUE(write_if_different(path("link"), "keep").has_value());
    ASSERT_TRUE(write(path("link"), "new").has_value());
    EXPECT_EQ(read(path("target")).value(), "keep");
    EXPECT_FALSE(fs::is_symlink(path("link")));
}

TEST_F(Files, ThatAreMissingSaySo) {
    EXPECT_EQ(read(path("none")).error().kind, ErrorKind::not_found);
    EXPECT_EQ(read_if_exists(path("none")).value(), std::nullopt);
    EXPECT_EQ(list(path("none")).error().kind, ErrorKind::not_found);
    EXPECT_TRUE(remove_file(path("none")).has_value());
    EXPECT_TRUE(remove_tree(path("none")).has_value());
    EXPECT_FALSE(files::exists(path("none")));
    EXPECT_EQ(write(path("f"), "", {.user = "nobody-by-this-name"}).error().kind, ErrorKind::not_found);
    EXPECT_FALSE(files::exists(path("f")));
}

TEST_F(Files, LargerThanTheLimitAreRefused) {
    ASSERT_TRUE(write(path("f"), std::string(1000, 'x')).has_value());
    EXPECT_EQ(read(path("f"), 1000)->size(), 1000U);
    EXPECT_EQ(read(path("f"), 999).error().kind, ErrorKind::refused);
}

TEST_F(Files, TreesAreRemovedWithoutFollowingLinks) {
    ASSERT_TRUE(write(path("outside/keep"), "x").has_value());
    ASSERT_TRUE(make_directory(path("tree/sub"), {.mode = 0700}).has_value());
    EXPECT_EQ(mode_of(path("tree/sub")), 0700U);
    fs::create_directory_symlink(path("outside"), path("tree/link"));
    ASSERT_TRUE(remove_tree(path("tree")).has_value());
    EXPECT_FALSE(files::exists(path("tree")));
    EXPECT_TRUE(files::exists(path("outside/keep")));
    fs::create_symlink(path("nowhere"), path("dangling"));
    EXPECT_TRUE(files::exists(path("dangling")));
}

TEST_F(Files, CanBeLockedByOneAtATime) {
    auto first = Lock::try_acquire(path("lock"));
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(Lock::try_acquire(path("lock")).error().kind, ErrorKind::transient);
    { const auto gone = *std::move(first); }
    EXPECT_TRUE(Lock::try_acquire(path("lock")).has_value());
}

TEST(Roots, StandForTheSlash) {
    EXPECT_EQ(Root().at("/etc/hosts"), fs::path("/etc/hosts"));
    EXPECT_TRUE(Root().is_system());
    EXPECT_EQ(Root("/x").at("/etc/hosts"), fs::path("/x/etc/hosts"));
    EXPECT_EQ(Root("/x").at("//etc"), fs::path("/x/etc"));
    EXPECT_FALSE(Root("/x").is_system());
}

TEST(Descriptors, AreClosedOnce) {
    int number = -1;
    {
        Fd first(::open("/dev/null", O_RDONLY | O_CLOEXEC)); // NOLINT(cppcoreguidelines-pro-type-vararg)
        number = first.get();
        const Fd second = std::move(first);
        EXPECT_FALSE(first.valid());                     // NOLINT(bugprone-use-after-move): that is the question
        EXPECT_EQ(::fcntl(number, F_GETFD), FD_CLOEXEC); // NOLINT(cppcoreguidelines-pro-type-vararg)
    }
    EXPECT_EQ(::fcntl(number, F_GETFD), -1); // NOLINT(cppcoreguidelines-pro-type-vararg)
}

TEST(TempDirs, VanishWithAllTheyHold) {
    fs::path path;
    {
        const auto folder = TempDir::create("ingot-test-").value();
        path = folder.path();
        ASSERT_TRUE(write(path / "a/b", "x").has_value());
    }
    EXPECT_FALSE(files::exists(path));
}

} // namespace
} // namespace ingot::files
