#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cloud-init/userdata/userdata.hpp"
#include "common/crypto/crypto.hpp"
#include "common/gzip/gzip.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(MachineConfig, IsReadWhole) {
    const auto parsed = parse(R"(#cloud-config
preserve_hostname: yes
manage_etc_hosts: localhost
groups: [ops, {dba: [ann, bob]}]
ssh_pwauth: no
chpasswd: {expire: false, users: [{name: ann, password: $y$abc}]}
ntp: {servers: [10.0.0.1], pools: [pool.example]}
timezone: Europe/Berlin
locale: C.UTF-8
ca_certs: {remove_defaults: true, trusted: ["-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"]}
disk_setup: {sdb: {table_type: gpt, layout: [50, [50, 82]]}}
fs_setup: [{device: /dev/nvme1n1, partition: 1, filesystem: ext4, label: data}]
mounts: [[sdb1, /srv], [/dev/sdc, /opt, xfs, noatime, 0, 0]]
swap: {filename: /swap, size: 2G}
growpart: {mode: off, devices: [/]}
resize_rootfs: noblock
apt: {http_proxy: "http://p:3128", sources: {mine: {source: deb http://x stable main, key: KEY}}}
packages: [htop, [tmux, 3.3a-3], {apt: [less]}]
package_update: true
power_state: {mode: reboot, delay: +5}
phone_home: {url: "http://x/$INSTANCE_ID", post: [hostname], tries: 3}
final_message: done
bootcmd: [echo hi, [touch, /x], null]
)",
                              "u");
    ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
    const auto& machine = parsed->cloud_config.machine;
    EXPECT_TRUE(machine.preserve_hostname);
    EXPECT_EQ(machine.etc_hosts, EtcHosts::localhost);
    ASSERT_EQ(machine.groups.size(), 2U);
    EXPECT_THAT(machine.groups[1].members, ElementsAre("ann", "bob"));
    EXPECT_EQ(machine.ssh_pwauth, false);
    EXPECT_FALSE(machine.expire_passwords);
    EXPECT_EQ(machine.passwords[0].hash, "$y$abc");
    EXPECT_THAT(machine.ntp->servers, ElementsAre("10.0.0.1"));
    EXPECT_EQ(machine.timezone, "Europe/Berlin");
    EXPECT_TRUE(machine.ca_certs->remove_defaults);
    EXPECT_EQ(machine.disks[0].device, "/dev/sdb");
    EXPECT_THAT(machine.disks[0].percents, ElementsAre(50, 50));
    EXPECT_EQ(machine.filesystems[0].device, "/dev/nvme1n1p1");
    EXPECT_EQ(machine.mounts[0].device, "/dev/sdb1");
    EXPECT_EQ(machine.mounts[1].options, "noatime");
    EXPECT_FALSE(machine.growth.partition);
    EXPECT_TRUE(machine.growth.filesystem);
    EXPECT_EQ(machine.swap->bytes, 2ULL << 30U);
    EXPECT_EQ(machine.apt->sources[0].key, "KEY");
    EXPECT_THAT(machine.packages, ElementsAre("htop", "tmux=3.3a-3", "less"));
    EXPECT_EQ(machine.power_state->delay, "+5");
    EXPECT_EQ(machine.phone_home->tries, 3);
    EXPECT_EQ(parsed->cloud_config.bootcmd.size(), 2U);
}

TEST(MachineConfig, IsRefusedWhereItCannotBeMeant) {
    const std::pair<std::string, std::string> bad[] = {
        {"chpasswd: {users: [{name: a, password: secret, type: text}]}", "expected the hash of a password"},
        {"chpasswd: {users: [{name: a, password: R}]}", "expected the hash of a password"},
        {"timezone: ../../etc/passwd", "is no time zone"},
        {"locale: 'x; reboot'", "is no locale"},
        {"mounts: [[sdb1]]", "expected [device, folder"},
        {"mounts: [[sdb1, srv]]", "no absolute path"},
        {"mounts: [[sdb1, '/a b']]", "blanks cannot stand there"},
        {"fs_setup: [{device: sdb, filesystem: zfs}]", "none of ext4"},
        {"disk_setup: {sdb: {layout: [70, 70]}}", "more than 100 percent"},
        {"swap: {size: much}", "expected bytes"},
        {"packages: [--allow-downgrades]", "names no package"},
        {"packages: ['a b']", "names no package"},
        {"apt: {proxy: \"x\\\";y\"}", "a proxy is one address"},
        {"apt: {sources: {../x: {source: deb a b c}}}", "cannot name a file"},
        {"power_state: {mode: sleep}", "expected one of poweroff, reboot, halt"},
        {"phone_home: {url: 'ftp://x'}", "is no http(s) address"},
        {"manage_etc_hosts: perhaps", "expected true, false or localhost"},
    };
    for (const auto& [text, reason] : bad) {
        const auto parsed = parse("#cloud-config\n" + text + "\n", "u");
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_THAT(parsed.error().message, HasSubstr(reason)) << text;
        EXPECT_THAT(parsed.error().message, testing::Not(HasSubstr("secret"))) << text;
    }
}

TEST(MachineConfig, SaysThatDataIsNeverOverwritten) {
    const auto parsed = parse("#cloud-config\nfs_setup: [{device: sdb, filesystem: ext4, overwrite: true}]\n", "u");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_THAT(parsed->warnings, testing::Contains(HasSubstr("fs_setup.overwrite is not obeyed")));
}

TEST(WriteFiles, MayBeCompressed) {
    const auto zipped = crypto::base64_encode(gzip::compress("hello\n"));
    for (const auto* const encoding : {"gz+b64", "gzip+base64", "GZ+B64"}) {
        const auto parsed = parse(
            text::format("#cloud-config\nwrite_files: [{{path: /a, encoding: {}, content: {}}}]\n", encoding, zipped),
            "u");
        ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
        EXPECT_EQ(parsed->cloud_config.write_files[0].content, "hello\n");
    }
    EXPECT_FALSE(parse("#cloud-config\nwrite_files: [{path: /a, encoding: gz+b64, content: x}]\n", "u").has_value());
}

} // namespace
} // namespace ingot::cloud_init
