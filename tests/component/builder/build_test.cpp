// What a rebuild costs and what a build leaves behind, with the caches that ./dev test has filled.
#include <algorithm>
#include <csignal>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/wait.h>

#include "builder/artefacts/manifest.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/component/builder/project.hpp"
#include "tests/places/places.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const fs::path kSource = source_dir();

class IngotBuild : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto reason = why_not(); !reason.empty()) { GTEST_SKIP() << reason; }
        auto folder = files::TempDir::create("ingot-build-");
        ASSERT_TRUE(folder);
        folder_.emplace(*std::move(folder));
        fs::copy(kSource / "overlays", folder_->path() / "overlays",
                 fs::copy_options::recursive | fs::copy_options::copy_symlinks);
        fs::copy(kSource / "roles", folder_->path() / "roles", fs::copy_options::recursive);
    }
    std::vector<std::string> command(const std::vector<std::string>& more) {
        std::vector<std::string> argv = {INGOT_PROGRAM, "build",
                                         "--roles",     (folder_->path() / "roles").string(),
                                         "--output",    (folder_->path() / "images").string(),
                                         "--cache",     shared_cache().string()};
        argv.insert(argv.end(), more.begin(), more.end());
        return argv;
    }
    process::Output build(const std::vector<std::string>& more) { return run(command(more)); }
    bool nothing_half_made() {
        const auto names = files::list(folder_->path() / "images");
        return !names || std::ranges::all_of(*names, [](const std::string& name) { return !name.starts_with('.'); });
    }
    std::optional<files::TempDir> folder_;
};

TEST_F(IngotBuild, MakesNothingWhenNothingChanged) {
    const auto first = build({"etcd"});
    ASSERT_EQ(first.exit_code, 0) << first.out;
    const auto start = std::chrono::steady_clock::now();
    const auto second = build({"etcd"});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    EXPECT_EQ(second.exit_code, 0) << second.out;
    EXPECT_THAT(second.out, HasSubstr("etcd: unchanged"));
    std::printf("unchanged build: %.2f s\n", took.count());
}

TEST_F(IngotBuild, InstallsNoPackageAgainForAChangedOverlay) {
    ASSERT_TRUE(files::write(folder_->path() / "overlays/etcd/etc/ingot-test", "changed\n"));
    const auto start = std::chrono::steady_clock::now();
    const auto built = build({"etcd"});
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    ASSERT_EQ(built.exit_code, 0) << built.out;
    EXPECT_THAT(built.out, Not(HasSubstr("installing")));
    EXPECT_THAT(built.out, HasSubstr("etcd: packing"));
    const auto file =
        run({"unsquashfs", "-cat", (folder_->path() / "images/etcd/root.squashfs").string(), "etc/ingot-test"});
    EXPECT_EQ(file.out, "changed\n");
    std::printf("one overlay file: %.2f s\n", took.count());
}

TEST_F(IngotBuild, TakesARoleThatAUserAdds) {
    ASSERT_TRUE(
        files::write(folder_->path() / "roles/mine.yaml", "extends: etcd\noverlays: [mine]\nformats: [tar.zst]\n"));
    ASSERT_TRUE(files::write(folder_->path() / "overlays/mine/etc/mine", "mine\n"));
    const auto built = build({"mine"});
    ASSERT_EQ(built.exit_code, 0) << built.out;
    EXPECT_TRUE(files::exists(folder_->path() / "images/mine/root.tar.zst"));
    EXPECT_FALSE(files::exists(folder_->path() / "images/mine/root.squashfs"));
}

TEST_F(IngotBuild, NamesThePlaceOfAPackageThatDoesNotExist) {
    ASSERT_TRUE(files::write(folder_->path() / "roles/mine.yaml", "extends: base\npackages:\n  - no-such-package\n"));
    const auto built = build({"mine"});
    EXPECT_EQ(built.exit_code, 2);
    EXPECT_THAT(built.out, HasSubstr("mine.yaml:3:5: there is no package 'no-such-package' in trixie"));
}

TEST_F(IngotBuild, NamesThePlaceOfAUnitThatDoesNotExist) {
    ASSERT_TRUE(files::write(folder_->path() / "roles/mine.yaml",
                             "extends: base\nunits:\n  enable:\n    - no-such.service\n"));
    const auto built = build({"mine"});
    EXPECT_EQ(built.exit_code, 2);
    EXPECT_THAT(built.out, HasSubstr("mine.yaml:4:7: systemctl enable no-such.service"));
    EXPECT_FALSE(files::exists(folder_->path() / "images/mine"));
}

TEST_F(IngotBuild, RefusesAnArchiveThatAnotherKeySigned) {
    const fs::path other_keys = "/usr/share/keyrings/debian-archive-removed-keys.gpg";
    if (!files::exists(other_keys)) { GTEST_SKIP() << "there is no keyring of other keys"; }
    // The mirror that the images came from, whatever this machine uses.
    const auto manifest = builder::artefacts::parse_manifest(*files::read(images_folder() / "etcd/manifest.json"));
    ASSERT_TRUE(manifest);
    const auto& uri = manifest->packages.front().uri;
    const auto mirror = uri.substr(0, uri.find("/pool/"));
    const auto built = build({"etcd", "--mirror", mirror, "--keyring", other_keys.string(), "--refresh"});
    EXPECT_EQ(built.exit_code, 3) << built.out;
    EXPECT_THAT(built.out, HasSubstr("NO_PUBKEY"));
    EXPECT_FALSE(files::exists(folder_->path() / "images/etcd"));
}

TEST_F(IngotBuild, SaysThatAKeyringIsNotThere) {
    const auto built = build({"etcd", "--mirror", "http://127.0.0.1:1/debian", "--keyring", "/no/such.gpg"});
    EXPECT_NE(built.exit_code, 0);
    EXPECT_THAT(built.out, HasSubstr("there is no keyring /no/such.gpg"));
}

TEST_F(IngotBuild, SaysThatAMirrorDoesNotAnswer) {
    const auto built = build({"etcd", "--mirror", "http://127.0.0.1:1/debian"});
    EXPECT_EQ(built.exit_code, 75) << built.out;
    EXPECT_THAT(built.out, HasSubstr("Could not connect to 127.0.0.1:1"));
}

TEST_F(IngotBuild, ThatIsKilledLeavesNothingAndDisturbsNoLaterOne) {
    const auto argv = command({"etcd", "--no-layer-cache"});
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        std::vector<char*> raw;
        for (const auto& word : argv) { raw.push_back(const_cast<char*>(word.c_str())); } // NOLINT: exec wants it so
        raw.push_back(nullptr);
        ::execv(INGOT_PROGRAM, raw.data());
        ::_exit(127);
    }
    std::this_thread::sleep_for(4s); // amid dpkg
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    std::this_thread::sleep_for(1s);

    EXPECT_THAT(*files::read("/proc/self/mountinfo"), Not(HasSubstr("/building/")));
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::error_code problem;
        const auto root = fs::read_symlink(entry.path() / "root", problem);
        if (!problem) { EXPECT_THAT(root.string(), Not(HasSubstr("/building/"))) << entry.path(); }
    }
    EXPECT_FALSE(files::exists(folder_->path() / "images/etcd"));
    const auto built = build({"etcd"});
    EXPECT_EQ(built.exit_code, 0) << built.out;
    EXPECT_TRUE(nothing_half_made());
}

} // namespace
} // namespace ingot::tests
