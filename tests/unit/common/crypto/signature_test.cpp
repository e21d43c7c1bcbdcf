#include "common/crypto/signature.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ingot::crypto {
namespace {

using testing::HasSubstr;

TEST(Signature, IsRightOnlyForItsKeyAndItsMessage) {
    const auto key = make_signing_key();
    const auto other = make_signing_key();
    ASSERT_TRUE(key && other);
    const auto signature = sign(key->private_pem, "message");
    ASSERT_TRUE(signature) << signature.error().to_string();
    EXPECT_EQ(signature->size(), 64U);
    EXPECT_TRUE(verify_signature(key->public_pem, "message", *signature));
    for (const auto& [pem, message, bytes] :
         {std::tuple{key->public_pem, std::string("messagE"), *signature},
          std::tuple{other->public_pem, std::string("message"), *signature},
          std::tuple{key->public_pem, std::string("message"), signature->substr(1)},
          std::tuple{key->public_pem, std::string("message"), std::string()}}) {
        const auto result = verify_signature(pem, message, bytes);
        ASSERT_FALSE(result);
        EXPECT_EQ(result.error().kind, ErrorKind::refused);
    }
    auto changed = *signature;
    changed[5] = static_cast<char>(changed[5] ^ 1);
    EXPECT_FALSE(verify_signature(key->public_pem, "message", changed));
}

TEST(Signature, HasAPublicKeyThatFollowsFromThePrivateOne) {
    const auto key = make_signing_key();
    ASSERT_TRUE(key);
    EXPECT_EQ(*public_key_of(key->private_pem), key->public_pem);
    EXPECT_EQ(key_fingerprint(key->public_pem)->size(), 64U);
    EXPECT_NE(*key_fingerprint(key->public_pem), *key_fingerprint(make_signing_key()->public_pem));
}

TEST(Signature, IsTheOneOfTheStandard) {
    // RFC 8032, section 7.1, test 1: the empty message. The key in PKCS#8 and in X.509 form.
    const Secret key("-----BEGIN PRIVATE KEY-----\n"
                     "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
                     "-----END PRIVATE KEY-----\n");
    const auto signature = sign(key, "");
    ASSERT_TRUE(signature) << signature.error().to_string();
    EXPECT_EQ(hex_encode(*signature),
              "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
              "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
}

TEST(Signature, TakesNoKeyOfAnotherKind) {
    const auto ca = make_ca("orders", "db", clock::WallTime{std::chrono::hours(1)});
    ASSERT_TRUE(ca);
    const auto result = sign(ca->key_pem, "message");
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::invalid_input);
    EXPECT_THAT(result.error().message, HasSubstr("not an Ed25519 key"));
    EXPECT_EQ(sign(Secret("nonsense"), "message").error().kind, ErrorKind::invalid_input);
    EXPECT_EQ(verify_signature("nonsense", "message", "x").error().kind, ErrorKind::invalid_input);
}

} // namespace
} // namespace ingot::crypto
