// ingot upload s3, against a storage that checks signatures.
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/publish/s3/upload.hpp"
#include "common/process/background.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "tests/component/upload/fixture.hpp"
#include "tests/component/upload/notes.hpp"
#include "tests/component/upload/storage.hpp"

namespace ingot::tests {
namespace {

namespace publish = builder::publish;
namespace s3 = builder::publish::s3;
using namespace std::chrono_literals;
using testing::HasSubstr;

class S3Upload : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto reason = Storage::why_not(); !reason.empty()) { GTEST_SKIP() << reason; }
        ASSERT_TRUE(files::write(fixture_.folder / "manifest.json.sig", std::string(64, 's')));
        storage_ = Storage::start(folder_.path());
        ASSERT_TRUE(storage_) << "the storage does not start";
        place_.endpoint = storage_->endpoint();
        place_.bucket = Storage::kBucket;
        place_.prefix = "ingot/images";
    }
    Result<publish::Published> upload(const s3::Credentials& credentials) {
        const http::Tls tls{.ca_file = storage_->certificate()};
        s3::S3 provider(place_, credentials, tls, patience_);
        const publish::Stop stop;
        return provider.publish(*publish::open_image(fixture_.folder, std::nullopt), notes_, stop);
    }
    static s3::Credentials credentials() {
        return {crypto::Secret(Storage::kAccessKey), crypto::Secret(Storage::kSecretKey)};
    }

    files::TempDir folder_ = *files::TempDir::create("ingot-s3-test-");
    ImageFixture fixture_ = make_image(folder_.path(), "db");
    std::unique_ptr<Storage> storage_;
    s3::Place place_{};
    s3::Patience patience_{.backoff = 20ms, .attempts = 3};
    Notes notes_;
};

TEST_F(S3Upload, PutsAllFilesAndReadsThemBackOnce) {
    const auto result = upload(credentials());
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_FALSE(result->was_there);
    const auto folder = result->fields["folder"].get<std::string>();
    for (const auto* name : {"disk.raw.zst", "manifest.json", "manifest.json.sig"}) {
        EXPECT_EQ(storage_->object(folder + "/" + name), files::read(fixture_.folder / name).value_or("?")) << name;
    }
    const auto again = upload(credentials());
    ASSERT_TRUE(again) << again.error().to_string();
    EXPECT_TRUE(again->was_there);
}

TEST_F(S3Upload, PutsLargeFilesInParts) {
    patience_.part = 5ULL << 20U; // the smallest that S3 allows
    // Noise cannot be compressed: a disk of some parts.
    const auto raw = folder_.path() / "noise.raw";
    ASSERT_TRUE(files::write(raw, crypto::random_bytes(12 * kMebi)));
    ASSERT_TRUE(builder::artefacts::write_raw_zst(raw, fixture_.folder / "disk.raw.zst"));
    builder::artefacts::Manifest manifest{.role = "db", .architecture = "amd64"};
    manifest.files.push_back({.name = "disk.raw.zst",
                              .size = std::filesystem::file_size(fixture_.folder / "disk.raw.zst"),
                              .sha256 = *crypto::sha256_file(fixture_.folder / "disk.raw.zst")});
    ASSERT_TRUE(files::write(fixture_.folder / "manifest.json", builder::artefacts::render_manifest(manifest)));
    const auto result = upload(credentials());
    ASSERT_TRUE(result) << result.error().to_string();
    EXPECT_EQ(storage_->object(result->fields["folder"].get<std::string>() + "/disk.raw.zst"),
              files::read(fixture_.folder / "disk.raw.zst").value_or("?"));
}

TEST_F(S3Upload, SaysWhyAndLeavesNothing) {
    const auto wrong = upload({crypto::Secret(Storage::kAccessKey), crypto::Secret("another-secret")});
    ASSERT_FALSE(wrong);
    place_.bucket = "not-there";
    const auto nowhere = upload(credentials());
    ASSERT_FALSE(nowhere);
    EXPECT_THAT(nowhere.error().to_string(), HasSubstr("NoSuchBucket"));
    EXPECT_EQ(nowhere.error().to_string().find(Storage::kSecretKey), std::string::npos);

    place_.bucket = Storage::kBucket;
    auto bytes = *files::read(fixture_.folder / "disk.raw.zst");
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 1);
    ASSERT_TRUE(files::write(fixture_.folder / "disk.raw.zst", bytes));
    const auto changed = upload(credentials());
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind, ErrorKind::refused);
    EXPECT_EQ(storage_->objects(), 0U);
}

} // namespace
} // namespace ingot::tests
