#include "firstboot/datasource/source/document.hpp"

#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"

namespace ingot::firstboot {
namespace {

TEST(MetadataDocument, TakesKeysInAnyOfTheirForms) {
    const std::vector<std::string> expected{"ssh-rsa A", "ssh-rsa B"};
    for (const auto* const form :
         {"public-keys: [ssh-rsa A, ssh-rsa B]\n", "public-keys: {me: ssh-rsa A, you: ssh-rsa B}\n",
          "public-keys: |\n  ssh-rsa A\n  ssh-rsa B\n"}) {
        EXPECT_EQ(parse_metadata(form, "meta-data")->metadata.public_keys, expected) << form;
    }
}

TEST(UserDataText, IsDecodedOnlyWhereTheResultIsRecognised) {
    const std::string config = "#cloud-config\nhostname: x\n";
    const auto encoded = crypto::base64_encode(config);
    EXPECT_EQ(decode_user_data(config), config);
    EXPECT_EQ(decode_user_data(encoded), config);
    EXPECT_EQ(decode_user_data(encoded.substr(0, 12) + "\n" + encoded.substr(12) + "\n"), config);
    const std::string gzip("\x1f\x8b\x08", 3);
    EXPECT_EQ(decode_user_data(crypto::base64_encode(gzip)), gzip);
    const std::string mime = "Content-Type: multipart/mixed\nMIME-Version: 1.0\n";
    EXPECT_EQ(decode_user_data(crypto::base64_encode(mime)), mime);
    EXPECT_EQ(decode_user_data("test"), "test"); // base64, too
    EXPECT_EQ(decode_user_data(""), "");
}

} // namespace
} // namespace ingot::firstboot
