// ingot inspect and ingot diff on real files: a squashfs that mksquashfs made, and the images that were built. The
// page is looked at by a real browser.
#include <algorithm>
#include <numeric>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "builder/artefacts/manifest.hpp"
#include "builder/inspect/diff.hpp"
#include "builder/inspect/image.hpp"
#include "common/archive/archive.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "tests/component/builder/images.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using builder::inspect::Kind;

/// A tree with one of each thing that squashfs stores in its own way.
class PackedTree : public testing::Test {
  protected:
    PackedTree() : folder_(*files::TempDir::create("ingot-inspect-")), tree_(folder_.path() / "tree") {
        std::string noise;
        for (unsigned i = 0; noise.size() < 300'000; ++i) { noise += crypto::sha256_hex(text::format("{}", i)); }
        put("big", noise);                        // three blocks, the last of them a fragment
        put("again", noise);                      // the same content: stored once
        put("exact", noise.substr(0, 131'072));   // one block, and nothing left
        put("zeros", std::string(400'000, '\0')); // holes
        put("empty", "");
        for (int i = 0; i < 300; ++i) {
            put(text::format("many/file-{:03}", i), text::format("content {}\n", i * i));
        }
        put("deep/er/still/setuid", "#!");
        EXPECT_EQ(::chmod((tree_ / "deep/er/still/setuid").c_str(), 04711), 0);
        put("capable", "x");
        const std::string capability(
            "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
        EXPECT_EQ(
            ::setxattr((tree_ / "capable").c_str(), "security.capability", capability.data(), capability.size(), 0),
            0);
        EXPECT_EQ(::chown((tree_ / "big").c_str(), 1234, 70'000), 0);
        fs::create_symlink("../big", tree_ / "many/link");
        fs::create_hard_link(tree_ / "big", tree_ / "hard");
        fs::create_directory(tree_ / "nothing");
    }
    void put(const std::string& path, std::string_view content) { ASSERT_TRUE(files::write(tree_ / path, content)); }

    builder::inspect::Image packed(std::vector<std::string> options) {
        const auto file = folder_.path() / "image" / "root.squashfs";
        EXPECT_TRUE(files::make_directory(file.parent_path()));
        std::vector<std::string> argv = {"mksquashfs", tree_.string(), file.string(),
                                         "-noappend",  "-quiet",       "-no-progress"};
        argv.insert(argv.end(), options.begin(), options.end());
        const auto made = run(argv);
        EXPECT_EQ(made.exit_code, 0) << made.out;
        auto image = builder::inspect::read_image(file, true);
        EXPECT_TRUE(image) << image.error().to_string();
        return *std::move(image);
    }
    files::TempDir folder_;
    fs::path tree_;
};

TEST_F(PackedTree, IsListedAsItLies) {
    if (::geteuid() != 0) { GTEST_SKIP() << "owners and capabilities need root"; }
    using Options = std::vector<std::string>;
    for (const auto& options :
         {Options{"-comp", "zstd"}, Options{"-comp", "zstd", "-no-fragments", "-b", "256K"},
          Options{"-comp", "xz", "-no-exports"}, Options{"-comp", "zstd", "-noI", "-noD", "-noF", "-noX"}}) {
        SCOPED_TRACE(text::join(options, " "));
        const auto image = packed(options);
        std::size_t count = 1; // the root itself
        std::uint64_t stored = 0;
        for (const auto& found : fs::recursive_directory_iterator(tree_)) {
            ++count;
            const auto path = "/" + found.path().lexically_relative(tree_).string();
            const auto* entry = image.listing.find(path);
            ASSERT_NE(entry, nullptr) << path;
            if (!found.is_regular_file() || found.is_symlink()) { continue; }
            if (!entry->again) {
                EXPECT_EQ(entry->size, found.file_size()) << path;
                EXPECT_EQ(entry->digest, *crypto::sha256_file(found.path())) << path;
            }
            stored += entry->stored;
        }
        EXPECT_EQ(image.listing.entries.size(), count);
        EXPECT_LE(stored, image.listing.image_size);
        EXPECT_GT(stored + 40'000, image.listing.image_size) << "what is left is tables";
        EXPECT_EQ(image.listing.find("/big")->uid, 1234U);
        EXPECT_EQ(image.listing.find("/big")->gid, 70'000U);
        EXPECT_NE(image.listing.find("/big")->again, image.listing.find("/hard")->again);
        EXPECT_EQ(std::min(image.listing.find("/big")->stored, image.listing.find("/again")->stored), 0U);
        EXPECT_EQ(image.listing.find("/zeros")->stored, 0U);
        EXPECT_EQ(image.listing.find("/many/link")->target, "../big");
        EXPECT_EQ(image.listing.find("/deep/er/still/setuid")->mode, 04711U);
        EXPECT_EQ(image.listing.find("/capable")->capability.size(), 20U);
        EXPECT_EQ(image.listing.find("/nothing")->kind, Kind::directory);
    }
}

TEST_F(PackedTree, IsTheSameAsItsTar) {
    if (::geteuid() != 0) { GTEST_SKIP() << "owners and capabilities need root"; }
    const auto squashfs = packed({"-comp", "zstd"});
    const auto file = folder_.path() / "tar" / "root.tar.zst";
    ASSERT_TRUE(files::make_directory(file.parent_path()));
    ASSERT_TRUE(archive::write_tar(tree_, file));
    const auto tar = builder::inspect::read_image(file, true);
    ASSERT_TRUE(tar) << tar.error().to_string();
    auto difference = builder::inspect::compare(squashfs, *tar, "squashfs", "tar");
    std::erase_if(difference.files,
                  [](const auto& change) { return change.path == "/"; }); // no entry of its own in a tar
    EXPECT_TRUE(difference.files.empty()) << render_text(difference, true);
}

TEST_F(PackedTree, CutOffAnywhereIsAnErrorAndNoCrash) {
    const auto image = packed({"-comp", "zstd"});
    const auto whole = *files::read(image.root_file, std::uint64_t{1} << 30U);
    for (std::size_t part = 1; part < 32; ++part) {
        const auto file = folder_.path() / "cut.squashfs";
        ASSERT_TRUE(files::write(file, std::string_view(whole).substr(0, whole.size() * part / 32)));
        EXPECT_FALSE(builder::inspect::read_image(file, true)) << part;
    }
    auto damaged = whole;
    for (std::size_t i = damaged.size() / 2; i < damaged.size(); i += 97) {
        damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    }
    const auto file = folder_.path() / "damaged.squashfs";
    ASSERT_TRUE(files::write(file, damaged));
    EXPECT_FALSE(builder::inspect::read_image(file, true));
}

class BuiltImages : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto reason = why_not(); !reason.empty()) { GTEST_SKIP() << reason; }
    }
    static std::string folder(std::string_view role) { return (images_folder() / role).string(); }
};

TEST_F(BuiltImages, AreInspectedWithNothingLost) {
    for (const auto* role : kRoles) {
        const auto said = run({INGOT_PROGRAM, "inspect", "--json", folder(role)});
        ASSERT_EQ(said.exit_code, 0) << said.out.substr(0, 500);
        const auto report = json::parse(said.out);
        ASSERT_TRUE(report) << said.out.substr(0, 500);
        const auto manifest =
            builder::artefacts::parse_manifest(*files::read(images_folder() / role / "manifest.json"));
        ASSERT_TRUE(manifest);
        EXPECT_EQ(json::string_at(*report, "role"), role);
        EXPECT_EQ(json::unsigned_at(*report, "package_count"), manifest->packages.size() + 1) << "and the agent";
        std::uint64_t compressed = 0;
        for (const auto& package : json::member(*report, "packages")) {
            compressed += json::unsigned_at(package, "compressed").value_or(0);
        }
        const auto size = fs::file_size(images_folder() / role / "root.squashfs");
        EXPECT_EQ(compressed, json::unsigned_at(*report, "compressed"));
        EXPECT_LE(compressed, size);
        EXPECT_GT(compressed, size * 98 / 100) << "tables are small";
        const auto text = run({INGOT_PROGRAM, "inspect", folder(role)});
        EXPECT_THAT(text.out, testing::HasSubstr("ssh.service"));
        EXPECT_THAT(text.out, testing::Not(testing::HasSubstr("HAS A PASSWORD")));
    }
}

TEST_F(BuiltImages, DifferFromEachOtherAndNotFromThemselves) {
    const auto same = run({INGOT_PROGRAM, "diff", folder("etcd"), folder("etcd")});
    EXPECT_EQ(same.exit_code, 0) << same.out;
    const auto other = run({INGOT_PROGRAM, "diff", "--json", folder("etcd"), folder("proxy")});
    EXPECT_EQ(other.exit_code, 1);
    const auto difference = json::parse(other.out);
    ASSERT_TRUE(difference) << other.out.substr(0, 500);
    const auto& packages = json::member(*difference, "packages");
    EXPECT_TRUE(std::ranges::any_of(packages, [](const auto& one) {
        return json::string_at(one, "name") == "haproxy" && json::string_at(one, "change") == "added";
    }));
    EXPECT_EQ(run({INGOT_PROGRAM, "diff", folder("etcd"), "/nowhere"}).exit_code, 2);
}

TEST_F(BuiltImages, HaveAPageThatABrowserShowsAndSearches) {
    const auto scratch = *files::TempDir::create("ingot-page-");
    const auto page = scratch.path() / "db.html";
    ASSERT_EQ(run({INGOT_PROGRAM, "inspect", folder("db"), "--html", page.string()}).exit_code, 0);
    const auto shown = run({"chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
                            "--no-first-run", "--disable-background-networking", "--disable-component-update",
                            "--disable-sync", "--user-data-dir=" + (scratch.path() / "profile").string(),
                            "--virtual-time-budget=2000", "--dump-dom", "file://" + page.string() + "#search=libicu"},
                           std::chrono::minutes(1));
    ASSERT_EQ(shown.exit_code, 0) << shown.out.substr(0, 2000);
    // Written by the page's script once it has searched: the package, and those whose row names it.
    const auto at = shown.out.find("data-found=\"");
    ASSERT_NE(at, std::string::npos) << shown.out.substr(0, 2000);
    const auto count = text::to_number(text::split(shown.out.substr(at + 12, 6), '"')[0]);
    EXPECT_GE(count.value_or(0), 1);
    EXPECT_LT(count.value_or(99), 20);
    EXPECT_NE(shown.out.find("<g data-k=\"coreutils\" class=\"off\">"), std::string::npos)
        << "what does not fit is dimmed";
    EXPECT_EQ(shown.out.find("<g data-k=\"libicu76\" class=\"off\">"), std::string::npos);
}

} // namespace
} // namespace ingot::tests
