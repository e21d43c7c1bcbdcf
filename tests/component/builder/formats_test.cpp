// Every format of one small tree, packed twice from copies that were made apart, in folders of different names: the
// bytes are the same. And the tools that other people use on such files find nothing to complain about. Whether a
// real image boots, the vm tests see.
#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/artefacts/artefacts.hpp"
#include "builder/artefacts/compressed.hpp"
#include "builder/spec/spec.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/component/builder/images.hpp"

namespace ingot::tests {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::int64_t kDate = 1'700'000'000;

/// A tree with what is hard to repeat: links, an owner, a capability, holes, young and old times.
void make_tree(const fs::path& root) {
    ASSERT_TRUE(files::write(root / "boot/vmlinuz-6.12", std::string(3'000'000, 'k')));
    ASSERT_TRUE(files::write(root / "boot/initrd.img-6.12", std::string(100'000, 'i')));
    ASSERT_TRUE(files::write(root / "etc/os-release", "ID=debian\n"));
    ASSERT_TRUE(files::write(root / "etc/old", "old\n"));
    const std::chrono::sys_seconds long_ago{std::chrono::seconds(1'000'000'000)};
    fs::last_write_time(root / "etc/old", std::chrono::file_clock::from_sys(long_ago));
    fs::create_hard_link(root / "etc/os-release", root / "etc/second-name");
    fs::create_symlink("os-release", root / "etc/link");
    for (int number = 0; number < 200; ++number) {
        ASSERT_TRUE(files::write(root / text::format("usr/share/many/{}", number), text::format("{}\n", number)));
    }
    ASSERT_TRUE(files::write(root / "usr/bin/tool", std::string(70'000, 't'), {.mode = 0755}));
    ASSERT_EQ(::chown((root / "usr/bin/tool").c_str(), 100, 104), 0);
    ASSERT_TRUE(files::write(root / "var/hole", ""));
    fs::resize_file(root / "var/hole", 10'000'000);
}

class Formats : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        if (::geteuid() != 0) { return; }
        folder_ = new files::TempDir(*files::TempDir::create("ingot-formats-"));
        for (const auto* name : {"one", "another"}) {
            const auto place = folder_->path() / name;
            ASSERT_NO_FATAL_FAILURE(make_tree(place / "tree"));
            process::PosixProcesses processes;
            const auto manifest = builder::artefacts::write_artefacts(
                processes, place / "tree", place / "out",
                {.formats = {builder::spec::Format::raw, builder::spec::Format::raw_zst, builder::spec::Format::qcow2,
                             builder::spec::Format::tar_zst, builder::spec::Format::netboot},
                 .seed = "seed",
                 .command_line = "rw",
                 .free_bytes = 16U << 20U},
                {.role = "small", .date = kDate});
            ASSERT_TRUE(manifest) << manifest.error().to_string();
        }
    }
    static void TearDownTestSuite() { delete folder_; }
    void SetUp() override {
        if (::geteuid() != 0) { GTEST_SKIP() << "owners in a tree need root"; }
    }
    static fs::path made(const std::string& name) { return folder_->path() / "one/out/small" / name; }
    /// One partition of the disk in a file of its own.
    static fs::path partition(int number) {
        const auto said = run({"sgdisk", "-i", std::to_string(number), made("disk.raw").string()}).out;
        const auto sector = [&](std::string_view label) {
            const auto at = said.find(label);
            return at == std::string::npos ? 0UL : std::stoul(said.substr(at + label.size()));
        };
        const auto file = folder_->path() / text::format("partition-{}", number);
        const auto first = sector("First sector: ");
        run({"dd", "if=" + made("disk.raw").string(), "of=" + file.string(), "bs=1M", "conv=sparse",
             text::format("skip={}", first / 2048),
             text::format("count={}", (sector("Last sector: ") + 1 - first) / 2048)});
        return file;
    }
    static inline files::TempDir* folder_ = nullptr;
};

TEST_F(Formats, AreTheSameBytesWhereverAndWheneverTheyAreMade) {
    const auto names = *files::list(folder_->path() / "one/out/small");
    EXPECT_THAT(names, testing::ElementsAre("boot.ipxe", "disk.map.json", "disk.qcow2", "disk.raw", "disk.raw.zst",
                                            "initrd", "manifest.json", "root.squashfs", "root.tar.zst", "vmlinuz"));
    for (const auto& name : names) {
        EXPECT_EQ(*crypto::sha256_file(made(name)),
                  *crypto::sha256_file(folder_->path() / "another/out/small" / name))
            << name;
    }
}

TEST_F(Formats, RawHasATableAndFilesystemsWithoutFault) {
    const auto table = run({"sgdisk", "-v", made("disk.raw").string()});
    EXPECT_THAT(table.out, HasSubstr("No problems found"));
    const auto esp = run({"fsck.vfat", "-n", partition(2).string()});
    EXPECT_EQ(esp.exit_code, 0) << esp.out;
    const auto root = partition(3).string();
    const auto checked = run({"fsck.ext4", "-f", "-n", root});
    EXPECT_EQ(checked.exit_code, 0) << checked.out;
    const auto tool = run({"debugfs", "-R", "stat /usr/bin/tool", root});
    EXPECT_THAT(tool.out, HasSubstr("User:   100   Group:   104"));
    EXPECT_THAT(run({"debugfs", "-R", "stat /etc/os-release", root}).out, HasSubstr("Links: 2"));
}

TEST_F(Formats, RawDatesItsInodesByTheImageAndKeepsOlderTimes) {
    const auto root = partition(3).string();
    const auto young = text::format("{:#x}:00000000", kDate);
    const auto file = run({"debugfs", "-R", "stat /usr/bin/tool", root}).out;
    for (const auto* time : {"ctime: ", "atime: ", "mtime: ", "crtime: "}) {
        EXPECT_THAT(file, HasSubstr(time + young));
    }
    EXPECT_THAT(run({"debugfs", "-R", "stat /etc/old", root}).out, testing::Not(HasSubstr("mtime: " + young)));
}

TEST_F(Formats, TheCompressedDisksHoldTheRawOne) {
    const auto raw = made("disk.raw").string();
    const auto check = run({"qemu-img", "check", made("disk.qcow2").string()});
    EXPECT_EQ(check.exit_code, 0) << check.out;
    EXPECT_THAT(check.out, HasSubstr("No errors were found"));
    EXPECT_EQ(run({"qemu-img", "compare", "-f", "qcow2", "-F", "raw", made("disk.qcow2").string(), raw}).exit_code,
              0);
    const auto unpacked = folder_->path() / "unpacked.raw";
    ASSERT_EQ(run({"zstd", "-q", "-d", made("disk.raw.zst").string(), "-o", unpacked.string()}).exit_code, 0);
    EXPECT_EQ(*crypto::sha256_file(unpacked), *crypto::sha256_file(raw));
    EXPECT_THAT(run({"zstd", "-l", made("disk.raw.zst").string()}).out, HasSubstr("XXH64"));
}

TEST_F(Formats, NetbootLeavesTheKernelOutOfTheRoot) {
    const auto listed = run({"unsquashfs", "-l", "-d", "", made("root.squashfs").string()});
    EXPECT_EQ(listed.exit_code, 0);
    EXPECT_THAT(listed.out, HasSubstr("/etc/os-release"));
    EXPECT_THAT(listed.out, testing::Not(HasSubstr("vmlinuz")));
    EXPECT_THAT(*files::read(made("boot.ipxe")), HasSubstr(*crypto::sha256_file(made("root.squashfs"))));
}

/// Data everywhere, in pieces that cannot be compressed: whole clusters, several refcount blocks' worth of tables.
TEST(Qcow2, HoldsWhatCannotBeCompressed) {
    const auto folder = *files::TempDir::create("ingot-qcow2-");
    const auto raw = folder.path() / "disk.raw";
    std::string content;
    for (int part = 0; part < 40; ++part) {
        content += crypto::random_bytes(200'000);
        content += std::string(60'000, static_cast<char>(part));
        content += std::string(70'000, '\0');
    }
    content.resize(content.size() / 512 * 512);
    ASSERT_TRUE(files::write(raw, content));
    ASSERT_TRUE(builder::artefacts::write_qcow2(raw, folder.path() / "disk.qcow2"));
    const auto qcow2 = (folder.path() / "disk.qcow2").string();
    const auto check = run({"qemu-img", "check", qcow2});
    EXPECT_EQ(check.exit_code, 0) << check.out;
    EXPECT_EQ(run({"qemu-img", "compare", "-f", "qcow2", "-F", "raw", qcow2, raw.string()}).exit_code, 0);
}

} // namespace
} // namespace ingot::tests
