// The same lock gives the same bytes, wherever and however it is built; and where it does not, the file is named.
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/artefacts/manifest.hpp"
#include "common/crypto/crypto.hpp"
#include "tests/component/builder/project.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

/// A role as small as a role can be, in a project with a cache of its own: only the downloads are shared. It is
/// locked and built once for all tests.
class Reproducing : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto reason = why_not(); !reason.empty()) { GTEST_SKIP() << reason; }
        if (here_) { return; }
        here_.emplace();
        prepare(*here_);
        const auto locked = here_->ingot("lock", {"small", "--without-agent", "--fetch"});
        ASSERT_EQ(locked.exit_code, 0) << locked.out;
        here_->cache = own_cache(*here_);
        const auto built = here_->ingot("build", {"small", "--without-agent", "--locked"});
        ASSERT_EQ(built.exit_code, 0) << built.out;
    }
    static void TearDownTestSuite() { here_.reset(); }
    static void prepare(const Project& project) {
        project.role("small",
                     "suite: trixie\npackages: [systemd]\noverlays: [small]\nformats: [tar.zst, squashfs]\n");
        ASSERT_TRUE(files::write(project.path() / "overlays/small/etc/motd", "hello\n"));
        ASSERT_TRUE(files::write(project.path() / "overlays/small/usr/bin/tool", "#!/bin/sh\n", {.mode = 0755}));
    }
    static fs::path own_cache(const Project& project) {
        auto cache = project.path() / "cache";
        fs::create_directories(cache);
        fs::create_directory_symlink(shared_cache() / "packages", cache / "packages");
        return cache;
    }
    static inline std::optional<Project> here_;
};

TEST_F(Reproducing, GivesTheSameBytesInAnotherPlaceUnderAnotherUmaskAndTimeZone) {
    Project there;
    prepare(there);
    fs::copy_file(here_->lock("small"), there.lock("small"));
    there.cache = own_cache(there);
    // A strict umask, as git would have left the files, and for the build itself.
    run({"chmod", "-R", "go-rwx", (there.path() / "overlays").string()});
    std::vector<std::string> argv = {"env",
                                     "TZ=Pacific/Auckland",
                                     "LANG=de_DE.UTF-8",
                                     "HOSTNAME=elsewhere",
                                     "sh",
                                     "-c",
                                     "umask 077; cd /; exec \"$@\"",
                                     "sh"};
    for (const auto& word : there.command("build", {"small", "--without-agent", "--locked", "--jobs", "1"})) {
        argv.push_back(word);
    }
    const auto built = run(argv);
    ASSERT_EQ(built.exit_code, 0) << built.out;
    for (const auto* name : {"root.tar.zst", "root.squashfs", "sbom.spdx.json", "manifest.json"}) {
        EXPECT_EQ(*crypto::sha256_file(here_->image("small") / name),
                  *crypto::sha256_file(there.image("small") / name))
            << name;
    }
}

TEST_F(Reproducing, SaysThatNothingDiffersOrWhatDoes) {
    const auto image = here_->image("small").string();
    auto said = here_->ingot("reproduce", {image});
    EXPECT_EQ(said.exit_code, 0) << said.out;
    for (const auto* name : {"root.tar.zst", "root.squashfs", "sbom.spdx.json"}) {
        EXPECT_THAT(said.out, HasSubstr(std::string(name) + ": the same\n"));
    }
    EXPECT_THAT(said.out, HasSubstr("installing")) << "a layer from the cache proves nothing";

    ASSERT_TRUE(files::write(here_->path() / "overlays/small/etc/motd", "hallo\n"));
    said = here_->ingot("reproduce", {image});
    EXPECT_EQ(said.exit_code, 1) << said.out;
    for (const auto* name : {"root.tar.zst", "root.squashfs"}) {
        EXPECT_THAT(said.out,
                    HasSubstr(std::string(name) + ": etc/motd: the content differs from byte 1 on (6 bytes, now 6)"));
    }
    ASSERT_TRUE(files::write(here_->path() / "overlays/small/etc/motd", "hello\n"));
    EXPECT_THAT(said.out, HasSubstr("sbom.spdx.json: the same")) << "it speaks of packages, and those are the same";
}

TEST_F(Reproducing, RefusesAnImageThatWasChanged) {
    const auto image = here_->path() / "changed";
    fs::copy(here_->image("small"), image);
    ASSERT_TRUE(files::write(image / "root.tar.zst", "nonsense"));
    const auto said = here_->ingot("reproduce", {image.string()});
    EXPECT_EQ(said.exit_code, 3) << said.out;
    EXPECT_THAT(said.out, HasSubstr("there is nothing to reproduce: root.tar.zst"));
}

} // namespace
} // namespace ingot::tests
