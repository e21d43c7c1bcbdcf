#include "builder/trust/verify.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/trust/keys.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"

namespace ingot::builder::trust {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class AnImage : public testing::Test {
  protected:
    AnImage() : folder_(*files::TempDir::create()), image_(folder_.path() / "db"), key_(folder_.path() / "key") {
        artefacts::Manifest manifest{.role = "db", .suite = "trixie", .architecture = "amd64"};
        for (const auto* name : {"root.squashfs", "root.tar.zst"}) {
            const auto content = std::string("content of ") + name;
            EXPECT_TRUE(files::write(image_ / name, content));
            manifest.files.push_back({name, content.size(), crypto::sha256_hex(content)});
        }
        EXPECT_TRUE(files::write(image_ / "manifest.json", artefacts::render_manifest(manifest)));
        EXPECT_TRUE(write_new_key(key_));
    }
    void sign() { ASSERT_TRUE(sign_image(image_, *read_private_key(key_))); }
    std::vector<std::string> faults(bool with_key) {
        const auto seen = verify_image(image_, with_key ? std::optional<fs::path>(public_key_) : std::nullopt);
        EXPECT_TRUE(seen) << seen.error().to_string();
        return seen->faults;
    }
    files::TempDir folder_;
    fs::path image_;
    fs::path key_;
    fs::path public_key_ = key_.string() + ".pub";
};

TEST_F(AnImage, ThatNobodyTouchedIsAsItWasBuilt) {
    EXPECT_THAT(faults(false), IsEmpty());
    sign();
    const auto seen = verify_image(image_, public_key_);
    ASSERT_TRUE(seen);
    EXPECT_THAT(seen->faults, IsEmpty());
    EXPECT_EQ(seen->signed_by, *crypto::key_fingerprint(*files::read(public_key_)));
}

TEST_F(AnImage, WithOneChangedByteIsNamed) {
    ASSERT_TRUE(files::write(image_ / "root.squashfs", "content of root.squashfS"));
    EXPECT_THAT(faults(false), ElementsAre(HasSubstr("root.squashfs was changed")));
    ASSERT_TRUE(files::write(image_ / "root.squashfs", "content"));
    EXPECT_THAT(faults(false), ElementsAre(HasSubstr("root.squashfs has 7 bytes, not 24: it was cut off")));
    ASSERT_TRUE(files::remove_file(image_ / "root.squashfs"));
    EXPECT_THAT(faults(false), ElementsAre("root.squashfs is missing"));
}

TEST_F(AnImage, WithAFileMoreIsNamed) {
    sign();
    ASSERT_TRUE(files::write(image_ / "boot.ipxe", "#!ipxe"));
    EXPECT_THAT(faults(true), ElementsAre("boot.ipxe is not a file of this image"));
}

TEST_F(AnImage, WithoutSignatureIsNotBelievedWhenAKeyIsGiven) {
    EXPECT_THAT(faults(true), ElementsAre(HasSubstr("there is no signature")));
}

TEST_F(AnImage, WhoseManifestFitsAgainAfterAChangeIsStillNotTheSignedOne) {
    sign();
    auto manifest = *artefacts::parse_manifest(*files::read(image_ / "manifest.json"));
    ASSERT_TRUE(files::write(image_ / "root.squashfs", "evil"));
    manifest.files[0] = {"root.squashfs", 4, crypto::sha256_hex("evil")};
    ASSERT_TRUE(files::write(image_ / "manifest.json", artefacts::render_manifest(manifest)));
    EXPECT_THAT(faults(false), IsEmpty()) << "only the signature knows";
    EXPECT_THAT(faults(true), ElementsAre(HasSubstr("manifest.json.sig does not fit")));
}

TEST_F(AnImage, SignedByAnotherKeyIsNotBelieved) {
    sign();
    const auto other = folder_.path() / "other";
    ASSERT_TRUE(write_new_key(other));
    const auto seen = verify_image(image_, other.string() + ".pub");
    ASSERT_TRUE(seen);
    EXPECT_THAT(seen->faults, ElementsAre(HasSubstr("does not fit")));
    EXPECT_FALSE(seen->signed_by);
}

TEST_F(AnImage, WhoseManifestLeadsElsewhereIsRefused) {
    artefacts::Manifest manifest{.role = "db", .suite = "trixie", .architecture = "amd64"};
    manifest.files = {{"../key", 1, std::string(64, '0')}};
    ASSERT_TRUE(files::write(image_ / "manifest.json", artefacts::render_manifest(manifest)));
    EXPECT_THAT(faults(false), testing::Contains("'../key' is not the name of a file of an image"));
}

TEST_F(AnImage, NeedsAManifestAndAKeyThatIsOne) {
    EXPECT_EQ(verify_image(folder_.path() / "none", std::nullopt).error().kind, ErrorKind::not_found);
    sign();
    EXPECT_EQ(verify_image(image_, image_ / "manifest.json").error().kind, ErrorKind::invalid_input);
}

} // namespace
} // namespace ingot::builder::trust
