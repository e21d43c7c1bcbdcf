#include "builder/pipeline/cache.hpp"

#include <cstdio>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::builder::pipeline {
namespace {

class Cache : public testing::Test {
  protected:
    Cache() : folder_(*files::TempDir::create()), path_(folder_.path() / "cache") {}
    files::TempDir folder_;
    std::filesystem::path path_;
    progress::Progress progress_{stderr, false};
};

TEST_F(Cache, IsMadeAndMarked) {
    ASSERT_TRUE(open_cache(path_, progress_));
    EXPECT_THAT(*files::read(path_ / "CACHEDIR.TAG"),
                testing::StartsWith("Signature: 8a477f597d28d172789f06886806bc55\n"));
    EXPECT_TRUE(open_cache(path_, progress_)) << "and opened again";
}

TEST_F(Cache, MayHoldWhatBuildsOfEarlierVersionsMade) {
    ASSERT_TRUE(files::make_directory(path_ / "layers"));
    ASSERT_TRUE(files::write(path_ / "packages/ab/x.deb", "x"));
    EXPECT_TRUE(open_cache(path_, progress_));
}

TEST_F(Cache, IsNoFolderThatHoldsSomethingElse) {
    ASSERT_TRUE(files::write(path_ / "building/letter.txt", "dear Ann"));
    ASSERT_TRUE(files::write(path_ / "photos/ann.jpg", "jpg"));
    const auto opened = open_cache(path_, progress_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::refused);
    EXPECT_THAT(opened.error().message, testing::HasSubstr("photos"));
    EXPECT_THAT(opened.error().message, testing::HasSubstr("--cache"));
    EXPECT_THAT(*files::list(path_), testing::ElementsAre("building", "photos")) << "nothing was touched";
}

} // namespace
} // namespace ingot::builder::pipeline
