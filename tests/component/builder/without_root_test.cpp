// A user without root builds the same bytes. The user exists only in the mount namespace that the test makes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/artefacts/manifest.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/component/builder/images.hpp"
#include "tests/places/places.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;

constexpr uid_t kUser = 54321;

class WithoutRoot : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto reason = why_not(); !reason.empty()) { GTEST_SKIP() << reason; }
        auto folder = files::TempDir::create("ingot-without-root-");
        ASSERT_TRUE(folder);
        folder_.emplace(*std::move(folder));
        ASSERT_EQ(::chmod(path().c_str(), 0755), 0);
        write("passwd", text::format("root:x:0:0::/root:/bin/sh\nbuilder:x:{0}:{0}::{1}/home:/bin/sh\n", kUser,
                                     path().string()));
        write("subuid", "builder:200000:65536\n");
        // The user's own cache, with what root's has of packages and indexes: the mirror was asked enough.
        ASSERT_EQ(run({"cp", "--archive", "/var/cache/ingot/apt", "/var/cache/ingot/packages",
                       (path() / "home/cache").string()})
                      .exit_code,
                  0);
        ASSERT_EQ(run({"cp", "--archive", source_dir() / "roles", source_dir() / "overlays", INGOT_PROGRAM,
                       INGOT_AGENT_DEB, (path() / "home").string()})
                      .exit_code,
                  0);
        ASSERT_EQ(run({"chown", "--recursive", text::format("{0}:{0}", kUser), (path() / "home").string()}).exit_code,
                  0);
    }
    void write(const std::string& name, const std::string& content) {
        ASSERT_TRUE(files::make_directory(path() / "home/cache"));
        ASSERT_TRUE(files::write(path() / name, content));
    }
    [[nodiscard]] const fs::path& path() const { return folder_->path(); }
    process::Output build(const std::string& subordinate_ids) {
        constexpr auto kScript = R"(
            mount --bind "$1/passwd" /etc/passwd
            mount --bind "$1/$2" /etc/subuid
            mount --bind "$1/$2" /etc/subgid
            cd "$1/home"
            exec setpriv --reuid "$3" --regid "$3" --clear-groups --reset-env \
                ./ingot build etcd --cache cache --output images --format squashfs --agent-deb "$4")";
        return run({"unshare", "--mount", "sh", "-euc", kScript, "sh", path().string(), subordinate_ids,
                    text::format("{}", kUser), fs::path(INGOT_AGENT_DEB).filename().string()});
    }
    std::optional<files::TempDir> folder_;
};

TEST_F(WithoutRoot, TheSameBytesAreBuilt) {
    const auto built = build("subuid");
    ASSERT_EQ(built.exit_code, 0) << built.out;
    const auto of_root = builder::artefacts::parse_manifest(*files::read(images_folder() / "etcd/manifest.json"));
    const auto ours = builder::artefacts::parse_manifest(*files::read(path() / "home/images/etcd/manifest.json"));
    ASSERT_TRUE(of_root);
    ASSERT_TRUE(ours);
    const auto squashfs = std::ranges::find(of_root->files, "root.squashfs", &builder::artefacts::ManifestFile::name);
    ASSERT_NE(squashfs, of_root->files.end());
    EXPECT_THAT(ours->files, testing::Contains(*squashfs));
}

TEST_F(WithoutRoot, AUserWithoutSubordinateIdsIsToldWhatToDo) {
    const auto refused = build("passwd");
    EXPECT_EQ(refused.exit_code, 3) << refused.out;
    EXPECT_THAT(refused.out, testing::HasSubstr("usermod --add-subuids"));
    EXPECT_FALSE(files::exists(path() / "home/images"));
}

} // namespace
} // namespace ingot::tests
