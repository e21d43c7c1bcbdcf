// Signing and verifying as a person does it, with OpenSSL's own tool as a witness.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "tests/component/builder/project.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

class SignedImage : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto reason = why_not(); !reason.empty()) { GTEST_SKIP() << reason; }
        project_.role("small", "extends: etcd\nformats: [tar.zst]\n");
        key_ = (project_.path() / "release").string();
        ASSERT_EQ(ingot({"key", "new", "--out", key_}).exit_code, 0);
        const auto built = project_.ingot("build", {"small", "--sign", key_});
        ASSERT_EQ(built.exit_code, 0) << built.out;
    }
    static process::Output ingot(std::vector<std::string> argv) {
        argv.insert(argv.begin(), INGOT_PROGRAM);
        return run(std::move(argv));
    }
    process::Output verify() { return ingot({"verify", image().string(), "--key", key_ + ".pub"}); }
    fs::path image() { return project_.image("small"); }
    Project project_;
    std::string key_;
};

TEST_F(SignedImage, IsVerifiedUntilOneByteChanges) {
    auto said = verify();
    EXPECT_EQ(said.exit_code, 0) << said.out;
    EXPECT_THAT(said.out, HasSubstr("signed by "));
    const auto openssl =
        run({"openssl", "pkeyutl", "-verify", "-pubin", "-inkey", key_ + ".pub", "-rawin", "-in",
             (image() / "manifest.json").string(), "-sigfile", (image() / "manifest.json.sig").string()});
    EXPECT_EQ(openssl.exit_code, 0) << openssl.out;

    EXPECT_EQ(project_.ingot("build", {"small", "--sign", key_}).exit_code, 0) << "unchanged, and still signed";
    EXPECT_EQ(verify().exit_code, 0);

    auto content = *files::read(image() / "root.tar.zst", 1ULL << 32U);
    content[content.size() / 3] = static_cast<char>(content[content.size() / 3] ^ 1);
    ASSERT_TRUE(files::write(image() / "root.tar.zst", content));
    said = verify();
    EXPECT_EQ(said.exit_code, 3);
    EXPECT_THAT(said.out, HasSubstr("root.tar.zst was changed"));
    EXPECT_THAT(ingot({"sign", image().string(), "--key", key_}).out, HasSubstr("not signed"))
        << "nobody vouches for it";
}

TEST_F(SignedImage, HasABillOfMaterialsForEveryPackage) {
    const auto bill = json::parse(*files::read(image() / "sbom.spdx.json"));
    const auto manifest = json::parse(*files::read(image() / "manifest.json"));
    ASSERT_TRUE(bill && manifest);
    std::map<std::string, std::string> versions;
    for (const auto& package : json::member(*bill, "packages")) {
        versions[*json::string_at(package, "name")] = *json::string_at(package, "versionInfo");
    }
    for (const auto& package : json::member(*manifest, "packages")) {
        EXPECT_EQ(versions[*json::string_at(package, "name")], *json::string_at(package, "version"));
    }
    EXPECT_EQ(versions.size(), json::member(*manifest, "packages").size() + 2)
        << "and the agent, and the image itself";
}

TEST_F(SignedImage, HasAKeyThatIsNeverShown) {
    const auto secret = *files::read(key_);
    const auto line = text::lines(secret).at(1);
    for (const auto& entry : fs::directory_iterator(image())) {
        const auto content = files::read(entry.path(), 1ULL << 32U);
        EXPECT_THAT(*content, Not(HasSubstr(line))) << entry.path();
    }
    ASSERT_TRUE(files::set_ownership(key_, {.mode = 0644}));
    const auto refused = project_.ingot("build", {"small", "--sign", key_});
    EXPECT_EQ(refused.exit_code, 3);
    EXPECT_THAT(refused.out, HasSubstr("others may read the key"));
    EXPECT_THAT(refused.out, Not(HasSubstr("resolving"))) << "said before anything is done";
    EXPECT_EQ(ingot({"key", "new", "--out", key_}).exit_code, 3);
    EXPECT_EQ(*files::read(key_), secret);
}

} // namespace
} // namespace ingot::tests
