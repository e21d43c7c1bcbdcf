#include "cloud-init/signature/signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text/text.hpp"

namespace ingot::cloud_init {
namespace {

using testing::HasSubstr;

class SignedUserData : public testing::Test {
  protected:
    std::string sign(std::string_view text) { return sign_user_data(text, key_.private_pem).value(); }
    Status verify(std::string_view text, std::string_view beside = {}) {
        return verify_user_data(text, {key_.public_pem}, beside);
    }
    crypto::SigningKey key_ = crypto::make_signing_key().value();
};

TEST_F(SignedUserData, CarriesItsSignatureInItsLastLine) {
    const auto text = sign("#cloud-config\nhostname: a\n");
    EXPECT_THAT(text, HasSubstr("hostname: a\n#ingot-signature: "));
    EXPECT_TRUE(verify(text).has_value());
    EXPECT_EQ(sign(text), text) << "signing again replaces the line";
}

TEST_F(SignedUserData, SurvivesWhatProvidersDoToTheEnd) {
    auto text = sign("#cloud-config\nhostname: a"); // no line end before it was signed
    EXPECT_TRUE(verify(text + "\r\n \n").has_value());
    text.pop_back();
    EXPECT_TRUE(verify(text).has_value());
}

TEST_F(SignedUserData, IsRefusedOnceAnythingIsChanged) {
    const auto text = sign("#cloud-config\nhostname: a\n");
    for (std::size_t index = 0; index < text.size() - 1; ++index) {
        auto changed = text;
        changed[index] = changed[index] == 'x' ? 'y' : 'x';
        EXPECT_FALSE(verify(changed).has_value()) << index;
    }
    EXPECT_FALSE(verify("#cloud-config\nruncmd: [evil]\n" + text).has_value());
    EXPECT_FALSE(verify(text + "runcmd: [evil]\n").has_value());
}

TEST_F(SignedUserData, SaysWhetherItIsUnsignedOrWronglySigned) {
    EXPECT_THAT(verify("#cloud-config\n").error().message, HasSubstr("is not signed"));
    const auto other = crypto::make_signing_key().value();
    const auto text = sign_user_data("#cloud-config\n", other.private_pem).value();
    EXPECT_EQ(verify(text).error().kind, ErrorKind::refused);
    EXPECT_THAT(verify(text).error().message, HasSubstr("not of a key of this image"));
    EXPECT_FALSE(verify("").has_value());
    EXPECT_FALSE(verify("#ingot-signature: AAAA").has_value());
}

TEST_F(SignedUserData, MayHaveItsSignatureBesideIt) {
    const std::string text = "#cloud-config\n";
    const auto signature = crypto::sign(key_.private_pem, text).value();
    EXPECT_TRUE(verify(text, signature).has_value());
    EXPECT_TRUE(verify(text, crypto::base64_encode(signature) + "\n").has_value());
    EXPECT_FALSE(verify(text + "x", signature).has_value());
}

TEST_F(SignedUserData, IsGoodByAnyKeyOfTheImage) {
    const auto next = crypto::make_signing_key().value();
    const auto keys = read_public_keys(next.public_pem + "\n" + key_.public_pem).value();
    ASSERT_EQ(keys.size(), 2U);
    EXPECT_TRUE(verify_user_data(sign("#cloud-config\n"), keys).has_value());
    EXPECT_FALSE(read_public_keys("").has_value());
    EXPECT_FALSE(read_public_keys("nonsense").has_value());
    EXPECT_FALSE(read_public_keys(key_.public_pem + "nonsense").has_value());
}

} // namespace
} // namespace ingot::cloud_init
