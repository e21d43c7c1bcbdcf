#include "builder/artefacts/netboot.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "builder/artefacts/install_img.hpp"
#include "builder/artefacts/raw.hpp"
#include "common/files/files.hpp"

namespace ingot::builder::artefacts {
namespace {

using testing::HasSubstr;

TEST(BootIpxe, NamesTheRootWithSizeAndDigest) {
    const auto script = render_ipxe(
        {.role = "db", .root = {.name = "root.squashfs", .size = 42, .sha256 = "abc"}, .command_line = "rw quiet"});
    EXPECT_TRUE(script.starts_with("#!ipxe\n"));
    EXPECT_THAT(script,
                HasSubstr("boot=ingot ingot.base=${base} ingot.root=root.squashfs ingot.size=42 ingot.sha256=abc "
                          "rw quiet"));
    EXPECT_THAT(script, HasSubstr("ds=nocloud;s=${seed}"));
    EXPECT_THAT(script, testing::Not(HasSubstr("ingot.install="))) << "there is no image for disks";
}

TEST(BootIpxe, WithAnImageForDisksOffersToInstallIt) {
    const auto script = render_ipxe({.role = "db", .command_line = "rw quiet", .map_sha256 = "def"});
    EXPECT_THAT(script, HasSubstr("ingot.install=${base} ingot.map=def ${rules} rw quiet ${nic}"));
    EXPECT_THAT(script, HasSubstr("isset ${mode} && goto ${mode} ||"));
}

TEST(InstallImg, HoldsTheInstallerAndTheKey) {
    const auto archive = render_cpio(
        {{.path = "usr/bin/tool", .content = "#!", .mode = 0755}, {.path = "etc/k", .content = "key"}}, 7);
    EXPECT_EQ(archive.size() % 4, 0U);
    EXPECT_TRUE(archive.starts_with("070701"));
    EXPECT_THAT(archive, HasSubstr("TRAILER!!!"));
    // usr, usr/bin, usr/bin/tool, etc, etc/k, the trailer
    std::size_t entries = 0;
    for (auto at = archive.find("070701"); at != std::string::npos; at = archive.find("070701", at + 1)) {
        ++entries;
    }
    EXPECT_EQ(entries, 6U);
}

TEST(NetbootFiles, AreTheTreesOwnKernelAndInitrd) {
    const auto folder = *files::TempDir::create();
    ASSERT_TRUE(files::write(folder.path() / "tree/boot/vmlinuz-6.12", "kernel"));
    ASSERT_TRUE(files::make_directory(folder.path() / "out"));
    EXPECT_FALSE(write_netboot(folder.path() / "tree", folder.path() / "out", {.role = "db"}))
        << "there is no initrd";
    ASSERT_TRUE(files::write(folder.path() / "tree/boot/initrd.img-6.12", "initrd"));
    ASSERT_TRUE(write_netboot(folder.path() / "tree", folder.path() / "out", {.role = "db"}));
    EXPECT_EQ(*files::read(folder.path() / "out/vmlinuz"), "kernel");
    EXPECT_EQ(*files::read(folder.path() / "out/initrd"), "initrd");
}

TEST(GrubConfig, QuotesWordsOnlyWhereASemicolonWouldEndTheCommand) {
    const BootFiles boot{.kernel = "boot/vmlinuz-1", .initrd = "boot/initrd.img-1"};
    EXPECT_THAT(render_grub_config("u", "p", boot, "rw quiet"),
                HasSubstr("linux ($root)/boot/vmlinuz-1 root=PARTUUID=p rw quiet\n"));
    EXPECT_THAT(render_grub_config("u", "p", boot, "rw ds=nocloud;s=/x/"), HasSubstr(" 'rw' 'ds=nocloud;s=/x/'\n"));
}

} // namespace
} // namespace ingot::builder::artefacts
