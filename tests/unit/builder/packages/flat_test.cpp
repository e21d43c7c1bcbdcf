#include "builder/packages/flat.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/process/process.hpp"

namespace ingot::builder::packages {
namespace {

namespace fs = std::filesystem;

class FlatPackages : public testing::Test {
  protected:
    FlatPackages() : folder_(*files::TempDir::create()), store_(folder_.path() / "store") {}

    std::string run(std::vector<std::string> argv) {
        auto result = processes_.run({.argv = std::move(argv)});
        EXPECT_TRUE(result);
        EXPECT_EQ(result->exit_code, 0) << result->err;
        return result->out;
    }
    /// A real package, compressed by `compressor`, of an odd size so that padding counts.
    fs::path make_deb(const std::string& compressor) {
        const auto tree = folder_.path() / ("tree-" + compressor);
        EXPECT_TRUE(files::write(tree / "DEBIAN/control", "Package: sample\nVersion: 1\nArchitecture: all\n"
                                                          "Maintainer: A <a@example.org>\nDescription: sample\n"));
        EXPECT_TRUE(files::write(tree / "usr/share/sample", std::string(100'001, 'x')));
        const auto deb = folder_.path() / (compressor + ".deb");
        run({"dpkg-deb", "--root-owner-group", "-Z" + compressor, "--build", tree.string(), deb.string()});
        return deb;
    }
    Package keep(const fs::path& deb) {
        const auto content = *files::read(deb);
        Package package{.name = "sample",
                        .version = "1",
                        .architecture = "all",
                        .size = content.size(),
                        .sha256 = crypto::sha256_hex(content)};
        EXPECT_TRUE(files::write(store_.path_of(package), content));
        return package;
    }
    fs::path new_folder(const std::string& name) {
        EXPECT_TRUE(files::make_directory(folder_.path() / name));
        return folder_.path() / name;
    }

    files::TempDir folder_;
    process::PosixProcesses processes_;
    Store store_;
};

TEST_F(FlatPackages, HoldWhatTheCompressedOnesHold) {
    for (const auto* compressor : {"xz", "zstd", "gzip", "none"}) {
        const auto deb = make_deb(compressor);
        const auto flat = folder_.path() / (std::string(compressor) + "-flat.deb");
        ASSERT_TRUE(write_flat(deb, flat)) << compressor;
        EXPECT_EQ(run({"ar", "t", flat.string()}), "debian-binary\ncontrol.tar\ndata.tar\n");
        for (const auto* part : {"--ctrl-tarfile", "--fsys-tarfile"}) {
            EXPECT_EQ(run({"dpkg-deb", part, flat.string()}), run({"dpkg-deb", part, deb.string()})) << compressor;
        }
    }
}

TEST_F(FlatPackages, RefuseWhatIsNoPackage) {
    const auto file = folder_.path() / "no.deb";
    const auto target = folder_.path() / "flat.deb";
    for (const auto* content : {"", "text", "!<arch>\n", "!<arch>\ndebian-binary"}) {
        ASSERT_TRUE(files::write(file, content));
        const auto result = write_flat(file, target);
        ASSERT_FALSE(result) << content;
        EXPECT_EQ(result.error().kind, ErrorKind::invalid_input);
        EXPECT_THAT(result.error().message, testing::HasSubstr("not a Debian package"));
    }
    const auto whole = *files::read(make_deb("xz"));
    ASSERT_TRUE(files::write(file, whole.substr(0, whole.size() - 40)));
    EXPECT_FALSE(write_flat(file, target)) << "cut short";
}

TEST_F(FlatPackages, AreMadeOnceAndMadeAgainWhenTheyRot) {
    const PackageSet set = {keep(make_deb("xz"))};
    const FlatStore flat(folder_.path() / "flat", store_);
    std::size_t made = 0;
    const auto count = [&](std::size_t number) { made = number; };
    ASSERT_TRUE(flat.lay_out(set, new_folder("first"), count));
    EXPECT_EQ(made, 1U);
    const auto first = folder_.path() / "first/sample_1_all.deb";
    const auto content = *files::read(first);

    made = 0;
    ASSERT_TRUE(flat.lay_out(set, new_folder("second"), count));
    EXPECT_EQ(made, 0U);

    // Another inode under the same name, so that what was laid out before stays as it is.
    auto damaged = content;
    damaged[damaged.size() / 2] ^= 1;
    const auto digest = set[0].sha256;
    ASSERT_TRUE(files::write(folder_.path() / "flat" / digest.substr(0, 2) / (digest + ".deb"), damaged));
    ASSERT_TRUE(flat.lay_out(set, new_folder("third"), count));
    EXPECT_EQ(made, 1U);
    EXPECT_EQ(*files::read(folder_.path() / "third/sample_1_all.deb"), content);
}

TEST_F(FlatPackages, AreNotMadeOfAPackageThatRotted) {
    const PackageSet set = {keep(make_deb("xz"))};
    auto content = *files::read(store_.path_of(set[0]));
    content[content.size() / 2] ^= 1;
    ASSERT_TRUE(files::write(store_.path_of(set[0]), content));
    const auto result = FlatStore(folder_.path() / "flat", store_).lay_out(set, new_folder("out"));
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, ErrorKind::transient);
    EXPECT_EQ(store_.missing(set).size(), 1U) << "the next build fetches it again";
}

TEST_F(FlatPackages, AreForgottenWhenNobodyUsesThem) {
    const PackageSet set = {keep(make_deb("xz"))};
    const FlatStore flat(folder_.path() / "flat", store_);
    ASSERT_TRUE(flat.lay_out(set, new_folder("out")));
    ASSERT_TRUE(flat.prune(std::chrono::hours(1)));
    const auto place = folder_.path() / "flat" / set[0].sha256.substr(0, 2);
    EXPECT_EQ(files::list(place)->size(), 2U);
    ASSERT_TRUE(flat.prune(std::chrono::hours(0)));
    EXPECT_TRUE(files::list(place)->empty());
}

} // namespace
} // namespace ingot::builder::packages
