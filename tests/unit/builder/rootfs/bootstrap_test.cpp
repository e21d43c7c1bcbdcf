#include "builder/rootfs/bootstrap.hpp"

#include <gtest/gtest.h>

#include "builder/rootfs/image.hpp"
#include "builder/rootfs/isolation.hpp"

namespace ingot::builder::rootfs {
namespace {

TEST(Trim, IsDpkgsConfiguration) {
    EXPECT_EQ(render_trim({.drop = {"/usr/share/doc/*"}, .keep = {"/usr/share/doc/*/copyright"}}),
              "# What this image leaves out of packages; see roles/ of Ingot.\npath-exclude=/usr/share/doc/*\n"
              "path-include=/usr/share/doc/*/copyright\n");
}

TEST(Trim, LeavesOutWhatDpkgLeavesOut) {
    const spec::Trim trim{.drop = {"/usr/share/doc/*", "/usr/lib/*/gconv/*"}, .keep = {"/usr/share/doc/*/copyright"}};
    EXPECT_TRUE(is_left_out("/usr/share/doc/x/changelog.gz", trim));
    EXPECT_FALSE(is_left_out("/usr/share/doc/x/copyright", trim));
    EXPECT_FALSE(is_left_out("/usr/share/doc", trim));
    EXPECT_TRUE(is_left_out("/usr/lib/x86_64-linux-gnu/gconv/IBM037.so", trim)) << "* matches a / too";
}

TEST(CommandsInATree, HaveNoNetworkAndLeaveNoProcess) {
    const auto command = inside("/root-of-image", {"dpkg", "--audit"}, 42);
    EXPECT_EQ(command.to_string(),
              "unshare --net --pid --fork --kill-child --mount-proc --root=/root-of-image --wd=/ "
              "dpkg --audit");
    EXPECT_EQ(command.environment.at("SOURCE_DATE_EPOCH"), "42");
    EXPECT_EQ(command.environment.at("INITRD"), "No");
    EXPECT_EQ(around("/r", {"apt-get"}, 0).to_string(),
              "unshare --net --pid --fork --kill-child --mount-proc=/r/proc apt-get");
}

TEST(Keys, AreWhereDebianHasThemOrInEtc) {
    EXPECT_EQ(key_in_image("/usr/share/keyrings/debian-archive-keyring.pgp"),
              "/usr/share/keyrings/debian-archive-keyring.gpg");
    EXPECT_EQ(key_in_image("/x/roles/keys/pgdg.asc"), "/etc/apt/keyrings/pgdg.asc");
}

} // namespace
} // namespace ingot::builder::rootfs
