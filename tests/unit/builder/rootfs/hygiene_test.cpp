#include "builder/rootfs/hygiene.hpp"

#include <gtest/gtest.h>

#include "common/files/files.hpp"

namespace ingot::builder::rootfs {
namespace {

struct Case {
    const char* path;
    Hygiene verdict;
};

class HygieneOf : public testing::TestWithParam<Case> {};

TEST_P(HygieneOf, DecidesByPath) { EXPECT_EQ(hygiene_of(GetParam().path), GetParam().verdict) << GetParam().path; }

INSTANTIATE_TEST_SUITE_P(
    Table, HygieneOf,
    testing::Values(
        Case{"/etc/machine-id", Hygiene::empty}, Case{"/var/lib/dbus/machine-id", Hygiene::remove},
        Case{"/etc/ssh/ssh_host_ed25519_key", Hygiene::remove}, Case{"/etc/ssh/ssh_config", Hygiene::keep},
        Case{"/etc/hostname", Hygiene::remove}, Case{"/etc/hosts", Hygiene::keep},
        Case{"/etc/ssl/private/ssl-cert-snakeoil.key", Hygiene::remove}, Case{"/etc/ssl/private", Hygiene::keep},
        Case{"/var/log/dpkg.log", Hygiene::remove}, Case{"/var/log/apt", Hygiene::keep},
        Case{"/var/log/apt/history.log", Hygiene::remove}, Case{"/var/log/pgbackrest", Hygiene::keep},
        Case{"/var/lib/apt/lists/deb.example_InRelease", Hygiene::remove},
        Case{"/var/lib/apt/lists/partial", Hygiene::keep}, Case{"/var/cache/apt/archives/partial", Hygiene::keep},
        Case{"/var/cache/apt/archives/apt_3_amd64.deb", Hygiene::remove}, Case{"/var/lib/dpkg/status", Hygiene::keep},
        Case{"/var/lib/dpkg/status-old", Hygiene::remove}, Case{"/var/lib/dpkg/lock-frontend", Hygiene::remove},
        Case{"/etc/passwd", Hygiene::keep}, Case{"/etc/passwd-", Hygiene::remove},
        Case{"/var/lib/systemd/random-seed", Hygiene::remove}, Case{"/usr/sbin/policy-rc.d", Hygiene::remove}));

TEST(DebconfsAnswers, NameNoTemporaryFiles) {
    EXPECT_EQ(without_temporary_names("Name: ucf/changeprompt\nVariables:\n FILE = /etc/x\n NEW = /tmp/x.Ab12\n\n"),
              "Name: ucf/changeprompt\nVariables:\n FILE = /etc/x\n\n");
}

TEST(CleaningATree, RemovesEmptiesAndKeeps) {
    const auto folder = *files::TempDir::create();
    const auto& root = folder.path();
    const auto put = [&](const char* path) { ASSERT_TRUE(files::write(root / path, "x\n")); };
    for (const auto* path : {"etc/machine-id", "etc/hostname", "etc/fstab", "var/log/apt/term.log", "var/backups/a/b",
                             "etc/ssl/certs/ssl-cert-snakeoil.pem", "etc/ssl/certs/real.pem"}) {
        put(path);
    }
    std::filesystem::create_symlink("ssl-cert-snakeoil.pem", root / "etc/ssl/certs/0a1b2c3d.0");
    std::filesystem::create_symlink("real.pem", root / "etc/ssl/certs/ffffffff.0");
    const auto cleaned = clean_tree(root);
    ASSERT_TRUE(cleaned) << cleaned.error().to_string();
    EXPECT_EQ(*files::read(root / "etc/machine-id"), "");
    EXPECT_TRUE(files::exists(root / "etc/fstab"));
    EXPECT_TRUE(files::exists(root / "var/log/apt"));
    EXPECT_TRUE(files::exists(root / "etc/ssl/certs/ffffffff.0"));
    for (const auto* path : {"etc/hostname", "var/log/apt/term.log", "var/backups/a", "etc/ssl/certs/0a1b2c3d.0",
                             "etc/ssl/certs/ssl-cert-snakeoil.pem"}) {
        EXPECT_FALSE(files::exists(root / path)) << path;
    }
}

} // namespace
} // namespace ingot::builder::rootfs
