// Ordinary cloud-config: what is applied, what is warned about, what is refused.
#include "cloud-init/userdata/userdata.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/text/text.hpp"

namespace ingot::cloud_init {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

UserData read(const std::string& body) {
    auto parsed = parse("#cloud-config\n" + body, "u");
    EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().to_string());
    return parsed ? *std::move(parsed) : UserData{};
}

std::vector<std::string> faults_of(const std::string& body) {
    const auto parsed = parse("#cloud-config\n" + body, "u");
    if (parsed) { return {}; }
    EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_input);
    return text::lines(parsed.error().message);
}

TEST(CloudConfigHeader, IsRequired) {
    for (const auto* good : {"#cloud-config", "#cloud-config\n", "#cloud-config \n{}",
                             "\xEF\xBB\xBF#cloud-config\r\nhostname: a\r\n", "#cloud-config # mine\n"}) {
        EXPECT_TRUE(parse(good, "u").has_value()) << good;
    }
    const std::pair<std::string, std::string> bad[] = {
        {"", "the first line has to be #cloud-config"},
        {"hostname: a\n", "the first line has to be #cloud-config"},
        {"# cloud-config\n", "the first line has to be #cloud-config"},
        {"## template: jinja\n#cloud-config\n", "jinja"},
        {"#part-handler\n", "part-handlers"},
        {std::string("\x1f\x8b\x08\0", 4), "damaged gzip"},
    };
    for (const auto& [text, reason] : bad) {
        const auto parsed = parse(text, "u");
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_THAT(parsed.error().message, HasSubstr("u:1:1: ")) << text;
        EXPECT_THAT(parsed.error().message, HasSubstr(reason)) << text;
    }
}

TEST(CloudConfigText, IsReadWhole) {
    const auto data = read(R"(
hostname: db-1
fqdn: db-1.example.org
ssh_authorized_keys: [ssh-ed25519 AAAAC3Nz me]
users:
  - default
  - bob
  - name: ann
    gecos: Ann A.
    shell: /bin/bash
    homedir: /home/ann
    primary_group: staff
    groups: adm, sudo
    sudo: [ALL=(ALL) NOPASSWD:ALL]
    hashed_passwd: $y$j9T$abc$def
    lock_passwd: no
    system: true
    no_create_home: true
    ssh_authorized_keys: [ssh-rsa AAAAB3Nz]
  - {name: eve, sudo: false, groups: [adm]}
write_files:
  - path: /etc/motd
    content: |
      hello
    permissions: 0600
    owner: root:adm
    append: true
  - {path: /opt/x, content: aGk=, encoding: b64, permissions: '0755', defer: true}
runcmd:
  - systemctl restart ssh
  - [touch, /tmp/x]
)");
    const auto& config = data.cloud_config;
    EXPECT_EQ(config.hostname, "db-1");
    EXPECT_EQ(config.fqdn, "db-1.example.org");
    EXPECT_THAT(config.ssh_authorized_keys, ElementsAre("ssh-ed25519 AAAAC3Nz me"));
    ASSERT_EQ(config.users.size(), 4U);
    EXPECT_EQ(config.users[0].name, "default");
    EXPECT_EQ(config.users[1].name, "bob");
    EXPECT_TRUE(config.users[1].lock_password);
    EXPECT_TRUE(config.users[1].create_home);
    const User& ann = config.users[2];
    EXPECT_EQ(ann.gecos, "Ann A.");
    EXPECT_EQ(ann.shell, "/bin/bash");
    EXPECT_EQ(ann.home, "/home/ann");
    EXPECT_EQ(ann.primary_group, "staff");
    EXPECT_THAT(ann.groups, ElementsAre("adm", "sudo"));
    EXPECT_THAT(ann.sudo, ElementsAre("ALL=(ALL) NOPASSWD:ALL"));
    EXPECT_EQ(ann.hashed_password, "$y$j9T$abc$def");
    EXPECT_FALSE(ann.lock_password);
    EXPECT_TRUE(ann.system);
    EXPECT_FALSE(ann.create_home);
    EXPECT_THAT(ann.ssh_authorized_keys, ElementsAre("ssh-rsa AAAAB3Nz"));
    EXPECT_THAT(config.users[3].sudo, IsEmpty());
    ASSERT_EQ(config.write_files.size(), 2U);
    EXPECT_EQ(config.write_files[0].content, "hello\n");
    EXPECT_EQ(config.write_files[0].permissions, 0600U);
    EXPECT_EQ(config.write_files[0].owner, "root:adm");
    EXPECT_TRUE(config.write_files[0].append);
    EXPECT_EQ(config.write_files[1].content, "hi");
    EXPECT_EQ(config.write_files[1].permissions, 0755U);
    EXPECT_TRUE(config.write_files[1].defer);
    ASSERT_EQ(config.runcmd.size(), 2U);
    EXPECT_EQ(std::get<std::string>(config.runcmd[0]), "systemctl restart ssh");
    EXPECT_THAT(std::get<1>(config.runcmd[1]), ElementsAre("touch", "/tmp/x"));
    EXPECT_THAT(data.warnings, ElementsAre(HasSubstr("no ingot: section")));
}

TEST(CloudConfigText, WarnsOfWhatItDoesNotApply) {
    const auto data =
        read("snap: [vim]\nhostnme: a\nusers:\n  - {name: ann, doas: 7, sheel: /bin/sh}\nqqqqqqqq: 1\n");
    EXPECT_THAT(data.warnings, ElementsAre("u:5:17: 'users[0].doas' is not applied by this version",
                                           "u:5:26: unknown key 'users[0].sheel' (did you mean 'shell'?)",
                                           "u:2:1: 'snap' is not applied by this version",
                                           "u:3:1: unknown key 'hostnme' (did you mean 'hostname'?)",
                                           "u:6:1: unknown key 'qqqqqqqq'", HasSubstr("no ingot: section")));
}

TEST(CloudConfigText, TakesPermissionsAsCloudInitMeansThem) {
    const std::pair<std::string, std::uint32_t> good[] = {{"0644", 0644},  {"'0644'", 0644}, {"'644'", 0644},
                                                          {"0o755", 0755}, {"04755", 04755}, {"'4755'", 04755},
                                                          {"\"0\"", 0}};
    for (const auto& [text, mode] : good) {
        EXPECT_EQ(
            read("write_files: [{path: /a, permissions: " + text + "}]").cloud_config.write_files.at(0).permissions,
            mode)
            << text;
    }
    for (const auto* text : {"644", "0999", "rw-r--r--", "'77777'", "0x1ff", "''", "-1", "[0644]"}) {
        EXPECT_THAT(faults_of("write_files: [{path: /a, permissions: " + std::string(text) + "}]"),
                    ElementsAre(HasSubstr("expected an octal mode")))
            << text;
    }
}

struct Wrong {
    std::string body;
    std::string fault;
};

TEST(CloudConfigText, RefusesWrongValues) {
    const std::vector<Wrong> wrongs = {
        {"hostname: a b\n", "u:2:11: hostname: 'a b' is no host name"},
        {"hostname: [a]\n", "hostname: expected a text, found a list"},
        {"hostname: \"a\\nb\"\n", "u:2:11: hostname: 'a\\nb' is no host name"},
        {"fqdn: a..b\n", "fqdn: 'a..b' is no host name"},
        {"ssh_authorized_keys: ssh-rsa AAAA\n", "expected a list of texts"},
        {"ssh_authorized_keys: [nonsense]\n", "ssh_authorized_keys[0]: this is no public SSH key"},
        {"users: ann\n", "users: expected a list, found a text"},
        {"users: [{gecos: x}]\n", "'users[0].name' is missing"},
        {"users: [[ann]]\n", "users[0]: expected a mapping, found a list"},
        {"users: [Ann]\n", "users[0]: 'Ann' cannot name an account"},
        {"users: [ann, ann]\n", "users[1]: the user 'ann' is given twice"},
        {"users: [{name: ann, lock_passwd: maybe}]\n", "expected true or false"},
        {"users: [{name: ann, groups: 'a, B'}]\n", "'B' cannot name an account"},
        {"users: [{name: ann, shell: bash}]\n", "'bash' is no absolute path"},
        {"users: [{name: ann, gecos: 'a:b'}]\n", "':' and line ends"},
        {"users: [{name: ann, sudo: \"a\\nb\"}]\n", "a rule has to be one line"},
        {"write_files: {path: /a}\n", "write_files: expected a list, found a mapping"},
        {"write_files: [{content: a}]\n", "'write_files[0].path' is missing"},
        {"write_files: [{path: /a/../b}]\n", "is no absolute path"},
        {"write_files: [{path: /a, owner: 'a:b:c'}]\n", "is no owner"},
        {"write_files: [{path: /a, encoding: gz+b64, content: x}]\n", "write_files[0].content: "},
        {"write_files: [{path: /a, encoding: rot13}]\n", "is no encoding"},
        {"write_files: [{path: /a, encoding: b64, content: '!'}]\n", "write_files[0].content: base64"},
        {"write_files: [{path: /a, source: {uri: 'http://x'}}]\n", "content from an address"},
        {"runcmd: reboot\n", "runcmd: expected a list, found a text"},
        {"runcmd: [{a: b}]\n", "runcmd[0]: expected a line for the shell"},
        {"runcmd: [[]]\n", "runcmd[0]: expected a line for the shell"},
        {"- a\n", "expected a mapping, found a list"},
        {"hostname: a\nhostname: b\n", "duplicate key 'hostname'"},
        {"ingot: [a]\n", "ingot: expected a mapping, found a list"},
    };
    for (const auto& [body, fault] : wrongs) { EXPECT_THAT(faults_of(body), ElementsAre(HasSubstr(fault))) << body; }
}

TEST(CloudConfigText, NeverShowsAPassword) {
    for (const auto* body :
         {"users: [{name: ann, passwd: hunter2}]\n", "users: [{name: ann, hashed_passwd: 'hunter2'}]\n"}) {
        const auto faults = faults_of(body);
        ASSERT_EQ(faults.size(), 1U);
        EXPECT_THAT(faults[0], HasSubstr("expected the hash of a password"));
        EXPECT_THAT(faults[0], testing::Not(HasSubstr("hunter2")));
    }
}

TEST(CloudConfigText, ReportsFaultsOfTheTextAndOfValuesTogether) {
    EXPECT_THAT(faults_of("hostname: a b\nhostname: c\nfqdn: !x y\n"),
                ElementsAre(HasSubstr("u:2:11: hostname"), HasSubstr("u:3:1: duplicate"), HasSubstr("u:4:7: tags")));
}

TEST(CloudConfigText, SurvivesBadInputOfAnySize) {
    EXPECT_FALSE(faults_of(std::string(100'000, '[')).empty());
    EXPECT_FALSE(faults_of("a: &a [*a]\n").empty());
    EXPECT_FALSE(faults_of(std::string(std::size_t{17} << 20U, '#')).empty());
    std::string long_list = "runcmd:\n";
    for (int index = 0; index < 40'000; ++index) { long_list += "  - a\n"; }
    EXPECT_EQ(read(long_list).cloud_config.runcmd.size(), 40'000U);
}

TEST(RoleNames, AreReadAndWritten) {
    for (const Role role : {Role::db, Role::etcd, Role::proxy}) { EXPECT_EQ(role_from(to_string(role)), role); }
    EXPECT_EQ(role_from("DB"), std::nullopt);
    EXPECT_EQ(domain_of("orders"), "orders.internal");
}

} // namespace
} // namespace ingot::cloud_init
