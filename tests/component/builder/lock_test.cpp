// Locks and repositories beside Debian's, with a signed repository that is made here and served on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/component/builder/repositories.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;

/// Beside the real archive, on the real base.
class RepositoryBesideDebian : public Repositories {
  protected:
    RepositoryBesideDebian() { first_line_ = "extends: base"; }
    void TearDown() override {
        // What this test brought is of no use to anybody else.
        if (!server_) { return; }
        EXPECT_TRUE(files::remove_tree(stored(deb_)));
        for (const auto& name : files::list(project_.cache / "apt").value_or(std::vector<std::string>{})) {
            const auto folder = project_.cache / "apt" / name;
            const auto sources = files::read(folder / "sources/ingot.sources").value_or("");
            if (sources.find(server_->address()) != std::string::npos) { EXPECT_TRUE(files::remove_tree(folder)); }
        }
    }
};

TEST_F(RepositoryBesideDebian, IsInstalledFromAndLocked) {
    const auto built = project_.ingot("build", {"mine"});
    ASSERT_EQ(built.exit_code, 0) << built.out;
    EXPECT_EQ(in_image("usr/share/ingot-test-hello/version"), "1.0\n");
    EXPECT_THAT(in_image("etc/apt/sources.list.d/ingot.sources"), HasSubstr(server_->address()));
    EXPECT_EQ(in_image("etc/apt/keyrings/extra.asc"), extra_->key());

    const auto locked = project_.ingot("lock", {"mine"});
    ASSERT_EQ(locked.exit_code, 0) << locked.out;
    const auto lock = project_.read_lock("mine");
    const auto digest = *crypto::sha256_file(extra_->folder() / deb_);
    EXPECT_THAT(lock, HasSubstr(text::format("- {{name: ingot-test-hello, version: 1.0, architecture: all, size: {}, "
                                             "sha256: {}, repository: extra, file: {}}}",
                                             fs::file_size(extra_->folder() / deb_), digest, deb_)));
    EXPECT_THAT(lock, HasSubstr("key_sha256: " + crypto::sha256_hex(extra_->key())));
    EXPECT_THAT(lock, HasSubstr("repository: debian, file: pool/main/"));
    EXPECT_THAT(lock, Not(HasSubstr("http://deb"))) << "no mirror of this machine";

    // Nobody is asked for anything: the packages are in the store, and a lock needs no index.
    const auto manifest = *files::read(project_.image("mine") / "manifest.json");
    server_->stop();
    const auto again = project_.ingot("build", {"mine", "--locked", "--refresh"});
    EXPECT_EQ(again.exit_code, 0) << again.out;
    EXPECT_THAT(again.out, HasSubstr("mine: unchanged")) << "the same packages, the same image";
    EXPECT_EQ(*files::read(project_.image("mine") / "manifest.json"), manifest);
}

TEST_F(ExtraRepository, ThatAnotherKeySignedIsRefused) {
    const AptRepository other;
    write_key(other.key());
    const auto built = ingot("build", {"mine"});
    EXPECT_EQ(built.exit_code, 3) << built.out;
    EXPECT_THAT(built.out, testing::AnyOf(HasSubstr("NO_PUBKEY"), HasSubstr("is not signed")));
    EXPECT_THAT(built.out, HasSubstr(server_->address()));
    EXPECT_FALSE(files::exists(project_.image("mine")));
}

TEST_F(ExtraRepository, WithoutSuchAPackageIsNamedWithTheLineOfTheSpec) {
    write_role("ingot-test-helo");
    for (const auto* command : {"build", "lock"}) {
        const auto said = ingot(command, {"mine"});
        EXPECT_EQ(said.exit_code, 2) << said.out;
        EXPECT_THAT(said.out, HasSubstr("mine.yaml:3:5: there is no package 'ingot-test-helo'"));
    }
    EXPECT_FALSE(files::exists(project_.lock("mine")));
}

TEST_F(ExtraRepository, WithATamperedPackageIsRefused) {
    ASSERT_EQ(ingot("lock", {"mine"}).exit_code, 0);
    const auto file = extra_->folder() / deb_;
    auto content = *files::read(file);
    const auto good = content;
    content[content.size() / 2] = static_cast<char>(content[content.size() / 2] ^ 1);
    ASSERT_TRUE(files::write(file, content));

    const auto built = ingot("build", {"mine"});
    EXPECT_NE(built.exit_code, 0);
    EXPECT_THAT(built.out, HasSubstr("Hash Sum mismatch"));

    const auto locked = ingot("build", {"mine", "--locked"});
    EXPECT_EQ(locked.exit_code, 3) << locked.out;
    EXPECT_THAT(locked.out,
                testing::ContainsRegex("mine.lock.yaml:[0-9]+:[0-9]+: ingot-test-hello 1.0: .* is not the "
                                       "file that was locked"));
    EXPECT_FALSE(files::exists(project_.image("mine")));
    EXPECT_FALSE(files::exists(stored(deb_))) << "a wrong file never gets into the store";
    ASSERT_TRUE(files::write(file, good));
}

TEST_F(ExtraRepository, ThatForgotALockedPackageIsSaidWithWhatToDo) {
    ASSERT_EQ(ingot("lock", {"mine"}).exit_code, 0);
    const auto file = extra_->folder() / deb_;
    fs::rename(file, file.string() + ".away");
    const auto built = ingot("build", {"mine", "--locked"});
    EXPECT_EQ(built.exit_code, 1) << built.out;
    EXPECT_THAT(built.out, HasSubstr("ingot-test-hello 1.0: the mirror no longer has"));
    EXPECT_THAT(built.out, HasSubstr("ingot lock --update ingot-test-hello"));
    fs::rename(file.string() + ".away", file);
}

TEST_F(ExtraRepository, IsLockedAnewOnlyWhenAsked) {
    ASSERT_EQ(ingot("lock", {"mine"}).exit_code, 0);
    const auto before = project_.read_lock("mine");
    extra_->add("ingot-test-hello", "2.0", "ingot-test-more");
    extra_->add("ingot-test-more", "1.0");
    extra_->publish();

    auto said = ingot("lock", {"mine", "--refresh"});
    EXPECT_EQ(said.exit_code, 0) << said.out;
    EXPECT_THAT(said.out, HasSubstr("no change"));
    EXPECT_EQ(project_.read_lock("mine"), before);

    said = ingot("lock", {"mine", "--dry-run", "--update"});
    EXPECT_EQ(said.exit_code, 0) << said.out;
    EXPECT_THAT(said.out, HasSubstr("  up       ingot-test-hello  1.0 → 2.0\n  added    ingot-test-more   1.0\n"));
    EXPECT_THAT(said.out, HasSubstr("not written"));
    EXPECT_EQ(project_.read_lock("mine"), before);

    said = ingot("lock", {"mine", "--update", "ingot-test-helo"});
    EXPECT_EQ(said.exit_code, 2) << said.out;
    EXPECT_THAT(said.out, HasSubstr("did you mean 'ingot-test-hello'?"));

    said = ingot("lock", {"mine", "--update", "ingot-test-hello"});
    EXPECT_EQ(said.exit_code, 0) << said.out;
    EXPECT_THAT(project_.read_lock("mine"), HasSubstr("name: ingot-test-hello, version: 2.0"));
}

TEST_F(ExtraRepository, AsksTheSpecForWhatTheLockLacks) {
    auto said = ingot("build", {"mine", "--locked"});
    EXPECT_EQ(said.exit_code, 2) << said.out;
    EXPECT_THAT(said.out, HasSubstr("mine.lock.yaml; `ingot lock mine` writes it"));

    ASSERT_EQ(ingot("lock", {"mine"}).exit_code, 0);
    write_role("ingot-test-hello\n  - tzdata-legacy");
    said = ingot("build", {"mine", "--locked"});
    EXPECT_EQ(said.exit_code, 2) << said.out;
    EXPECT_THAT(said.out, HasSubstr("mine.yaml:4:5: the package 'tzdata-legacy' is not in "));

    write_role("ingot-test-hello");
    write_key(AptRepository().key());
    said = ingot("build", {"mine", "--locked"});
    EXPECT_EQ(said.exit_code, 2) << said.out;
    EXPECT_THAT(said.out, HasSubstr("the key of the source 'extra' is another one now"));
}

} // namespace
} // namespace ingot::tests
