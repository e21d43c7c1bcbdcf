#include "firstboot/node/signed.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud-init/signature/signature.hpp"
#include "common/gzip/gzip.hpp"

namespace ingot::firstboot {
namespace {

using testing::HasSubstr;

class Signed : public testing::Test {
  protected:
    PublicKeys keys() { return {key_.public_pem}; }
    crypto::SigningKey key_ = crypto::make_signing_key().value();
    std::string text_ = cloud_init::sign_user_data("#cloud-config\n", key_.private_pem).value();
    files::TempDir folder_ = files::TempDir::create().value();
    files::Root root_{folder_.path()};
};

TEST_F(Signed, IsReadCompressedAndPlainAndWithTheSignatureBesideIt) {
    EXPECT_EQ(signed_text(text_, keys()).value(), text_);
    EXPECT_EQ(signed_text(gzip::compress(text_), keys()).value(), text_);
    const auto zipped = gzip::compress("#cloud-config\n");
    EXPECT_EQ(signed_text(zipped, keys(), crypto::sign(key_.private_pem, zipped).value()).value(), zipped);
    EXPECT_EQ(signed_text("#cloud-config\n", keys()).error().kind, ErrorKind::refused);
    EXPECT_EQ(signed_text(zipped, keys()).error().kind, ErrorKind::refused);
}

TEST_F(Signed, IsAskedForOnlyByAnImageWithAKey) {
    EXPECT_FALSE(user_data_keys(root_).value().has_value());
    ASSERT_TRUE(files::write(root_.at("/usr/lib/ingot/user-data.pub"), key_.public_pem));
    EXPECT_EQ(user_data_keys(root_).value()->size(), 1U);
}

TEST_F(Signed, AFileThatIsNoKeyRefusesEverything) {
    for (const auto* const content : {"", "garbage", "-----BEGIN PUBLIC KEY-----\n"}) {
        ASSERT_TRUE(files::write(root_.at("/usr/lib/ingot/user-data.pub"), content));
        const auto keys = user_data_keys(root_);
        ASSERT_FALSE(keys.has_value());
        EXPECT_EQ(keys.error().kind, ErrorKind::refused);
        EXPECT_THAT(keys.error().to_string(), HasSubstr("/usr/lib/ingot/user-data.pub"));
    }
}

TEST_F(Signed, LeavesOutWhatTheProviderSaysWithoutASignature) {
    Metadata metadata{.hostname = "db-1", .public_keys = {"ssh-ed25519 AAAA"}, .vendor_data = "#cloud-config\n"};
    EXPECT_EQ(leave_out_unsigned(metadata).size(), 2U);
    EXPECT_TRUE(metadata.public_keys.empty());
    EXPECT_TRUE(metadata.vendor_data.empty());
    EXPECT_EQ(metadata.hostname, "db-1");
}

} // namespace
} // namespace ingot::firstboot
