#include "builder/artefacts/digests.hpp"

#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"

namespace ingot::builder::artefacts {
namespace {

class KnownDigestsTest : public testing::Test {
  protected:
    KnownDigestsTest() : folder_(*files::TempDir::create()), digests_(folder_.path() / "digests") {}
    files::TempDir folder_;
    KnownDigests digests_;
    std::filesystem::path file_ = folder_.path() / "file";
};

TEST_F(KnownDigestsTest, AreRememberedAsLongAsTheFileStays) {
    ASSERT_TRUE(files::write(file_, "content"));
    EXPECT_EQ(*digests_.sha256(file_), crypto::sha256_hex("content"));
    // What is remembered is really used: a wrong note shows.
    ASSERT_TRUE(digests_.remember(file_, std::string(64, '0')));
    EXPECT_EQ(*digests_.sha256(file_), std::string(64, '0'));
}

TEST_F(KnownDigestsTest, AreForgottenWhenAByteIsWrittenAndTheDatePutBack) {
    ASSERT_TRUE(files::write(file_, "content"));
    const auto date = std::filesystem::last_write_time(file_);
    ASSERT_TRUE(digests_.remember(file_, std::string(64, '0')));
    ASSERT_TRUE(files::write(file_, "cOntent"));
    std::filesystem::last_write_time(file_, date);
    EXPECT_EQ(*digests_.sha256(file_), crypto::sha256_hex("cOntent"));
}

TEST_F(KnownDigestsTest, OfAFileThatIsNotThereAreAnError) {
    const auto digest = digests_.sha256(file_);
    ASSERT_FALSE(digest);
    EXPECT_NE(digest.error().message.find(file_.string()), std::string::npos);
}

TEST_F(KnownDigestsTest, ThatNobodyAskedForAreForgotten) {
    ASSERT_TRUE(files::write(file_, "content"));
    ASSERT_TRUE(digests_.sha256(file_));
    ASSERT_TRUE(digests_.prune(std::chrono::hours(1)));
    EXPECT_EQ(files::list(folder_.path() / "digests")->size(), 1U);
    ASSERT_TRUE(digests_.prune(std::chrono::hours(0)));
    EXPECT_TRUE(files::list(folder_.path() / "digests")->empty());
}

} // namespace
} // namespace ingot::builder::artefacts
