#include "builder/trust/keys.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include "common/files/files.hpp"

namespace ingot::builder::trust {
namespace {

using testing::HasSubstr;
using testing::Not;

class AKey : public testing::Test {
  protected:
    AKey() : folder_(*files::TempDir::create()), file_(folder_.path() / "release") {}
    files::TempDir folder_;
    std::filesystem::path file_;
};

TEST_F(AKey, IsForItsOwnerAlone) {
    const auto old = ::umask(0);
    const auto made = write_new_key(file_);
    ::umask(old);
    ASSERT_TRUE(made) << made.error().to_string();
    struct stat status{};
    ASSERT_EQ(::stat(file_.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
    EXPECT_THAT(*files::read(file_), HasSubstr("BEGIN PRIVATE KEY"));
    EXPECT_THAT(*files::read(file_.string() + ".pub"), HasSubstr("BEGIN PUBLIC KEY"));
    EXPECT_EQ(*made, *crypto::key_fingerprint(*files::read(file_.string() + ".pub")));
    EXPECT_TRUE(read_private_key(file_));
}

TEST_F(AKey, IsNeverOverwritten) {
    ASSERT_TRUE(write_new_key(file_));
    const auto before = *files::read(file_);
    EXPECT_EQ(write_new_key(file_).error().kind, ErrorKind::refused);
    ASSERT_TRUE(files::remove_file(file_));
    EXPECT_EQ(write_new_key(file_).error().kind, ErrorKind::refused) << "the public one is still there";
    EXPECT_FALSE(files::exists(file_));
    ASSERT_TRUE(files::write(file_, before));
    ASSERT_TRUE(files::remove_file(file_.string() + ".pub"));
    EXPECT_EQ(write_new_key(file_).error().kind, ErrorKind::refused);
    EXPECT_EQ(*files::read(file_), before);
}

TEST_F(AKey, IsRefusedWhenOthersMayReadIt) {
    ASSERT_TRUE(write_new_key(file_));
    for (const mode_t mode : {0640U, 0604U, 0620U, 0660U}) {
        ASSERT_EQ(::chmod(file_.c_str(), mode), 0);
        const auto result = read_private_key(file_);
        ASSERT_FALSE(result) << mode;
        EXPECT_EQ(result.error().kind, ErrorKind::refused);
        EXPECT_THAT(result.error().message, HasSubstr("others may read the key"));
    }
}

TEST_F(AKey, IsRefusedWhenItIsSomebodyElses) {
    if (::geteuid() != 0) { GTEST_SKIP() << "giving a file away needs root"; }
    constexpr uid_t kNobody = 65534;
    ASSERT_TRUE(write_new_key(file_));
    ASSERT_EQ(::chown(file_.c_str(), kNobody, kNobody), 0);
    EXPECT_EQ(read_private_key(file_).error().kind, ErrorKind::refused);
}

TEST_F(AKey, ThatIsNoneIsNotShownInTheMessage) {
    ASSERT_TRUE(files::write(file_, "my secret notes", {.mode = 0600}));
    const auto result = read_private_key(file_);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::invalid_input);
    EXPECT_THAT(result.error().to_string(), Not(HasSubstr("secret notes")));
}

} // namespace
} // namespace ingot::builder::trust
