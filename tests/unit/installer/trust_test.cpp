#include "installer/trust/trust.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/signature.hpp"

namespace ingot::installer {
namespace {

using testing::HasSubstr;

const std::string kDigest(64, 'a');
const std::string kManifest =
    R"({"files":[{"name":"disk.raw.zst","sha256":"x"},{"name":"disk.map.json","sha256":")" + kDigest + R"("}]})";

class Trusting : public testing::Test {
  protected:
    crypto::SigningKey key_ = *crypto::make_signing_key();
    std::string signature_ = *crypto::sign(key_.private_pem, kManifest);
};

TEST_F(Trusting, AKeyLeadsToTheMap) {
    EXPECT_EQ(*trusted_map({.public_key = key_.public_pem}, kManifest, signature_), kDigest);
    EXPECT_EQ(*trusted_map({.public_key = key_.public_pem, .map_sha256 = kDigest}, kManifest, signature_), kDigest);
}

TEST_F(Trusting, ADigestIsEnoughWithoutKey) { EXPECT_EQ(*trusted_map({.map_sha256 = kDigest}, "", ""), kDigest); }

TEST_F(Trusting, NothingElseIs) {
    const auto other = *crypto::make_signing_key();
    struct Row {
        const char* name;
        Result<std::string> result;
        const char* reason;
    };
    auto changed = kManifest;
    changed.replace(changed.find(kDigest), 1, "b");
    const Row rows[] = {
        {"neither", trusted_map({}, kManifest, signature_), "neither a key"},
        {"another key", trusted_map({.public_key = other.public_pem}, kManifest, signature_), "not this key's"},
        {"changed", trusted_map({.public_key = key_.public_pem}, changed, signature_), "not this key's"},
        {"no signature", trusted_map({.public_key = key_.public_pem}, kManifest, ""), "not this key's"},
        {"another image",
         trusted_map({.public_key = key_.public_pem, .map_sha256 = std::string(64, 'c')}, kManifest, signature_),
         "not the one that the command line names"},
        {"no disk in it", trusted_map({.public_key = key_.public_pem}, "{}", *crypto::sign(key_.private_pem, "{}")),
         "raw.zst"},
    };
    for (const auto& row : rows) {
        ASSERT_FALSE(row.result) << row.name;
        EXPECT_THAT(row.result.error().to_string(), HasSubstr(row.reason)) << row.name;
    }
}

} // namespace
} // namespace ingot::installer
