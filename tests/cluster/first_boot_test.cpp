// The first boot of each role, with the power cut at a quarter of the points at which something has become durable
// (with INGOT_THOROUGH=1 the setup or the agent is killed at each of them), and with user-data that uses the keys of
// cloud-config which a container can show. Then disks that wake up as another instance. One small lab; the tests run
// in the order in which they stand here, each on what the one before left.
#include <cstdlib>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "cloud-init/cluster/cluster.hpp"
#include "common/clock/clock.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "tests/cluster/lab_driver.hpp"

namespace ingot::tests {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kName = "first-boot";
constexpr const char* kPoints = "/var/lib/ingot/points"; // where both programs may write
const std::vector<std::string> kMachines{"etcd-1", "db-1", "db-2", "proxy-1"};

std::string images() {
    const char* const path = std::getenv("INGOT_IMAGES");
    return path == nullptr ? "build/images" : path;
}

/// A Debian package that holds one file, and the index that makes a folder a repository, both as base64.
struct Repository {
    std::string package;
    std::string index;
};

Repository make_repository(const std::filesystem::path& folder) {
    process::PosixProcesses processes;
    const auto tree = folder / "tree";
    EXPECT_TRUE(files::write(tree / "DEBIAN/control", "Package: ingot-lab-hello\nVersion: 1\nArchitecture: all\n"
                                                      "Maintainer: lab <lab@localhost>\nDescription: hello\n"));
    EXPECT_TRUE(files::write(tree / "usr/share/ingot-lab-hello", "hello\n"));
    const auto deb = folder / "hello.deb";
    EXPECT_TRUE(
        run_checked(processes, {.argv = {"dpkg-deb", "--root-owner-group", "--build", tree.string(), deb.string()}}));
    const auto bytes = files::read(deb).value();
    const auto index =
        text::format("Package: ingot-lab-hello\nVersion: 1\nArchitecture: all\nMaintainer: lab "
                     "<lab@localhost>\nDescription: hello\nFilename: ./hello.deb\nSize: {}\nSHA256: {}\n",
                     bytes.size(), crypto::sha256_hex(bytes));
    return {.package = crypto::base64_encode(bytes), .index = crypto::base64_encode(index)};
}

/// $y$ of "secret".
constexpr const char* kHash =
    "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1";

/// Listens for what phone_home posts, by systemd and a shell: the images have no other server of this kind.
constexpr const char* kPhoneServer = R"(  - path: /etc/systemd/system/phone.socket
    content: "[Socket]\nListenStream=127.0.0.1:8123\nAccept=yes\n[Install]\nWantedBy=sockets.target\n"
  - path: /etc/systemd/system/phone@.service
    content: "[Service]\nStandardInput=socket\nExecStart=/usr/local/bin/phone\n"
  - path: /usr/local/bin/phone
    permissions: '0755'
    content: |
      #!/bin/bash
      length=0
      while IFS= read -r line; do
        line=${line%$'\r'}
        [ -n "$line" ] || break
        case ${line,,} in content-length:*) length=${line##*: } ;; esac
      done
      head -c "$length" >> /var/lib/phoned
      echo >> /var/lib/phoned
      printf 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'
)";

/// The part that the machines get beside what ingot rendered. `choice` is what stands under ingot:, if anything.
std::string part(const Repository& repository, const std::string& certificate, const std::string& choice) {
    auto pem = text::replace_all(certificate, "\n", "\n      ");
    return text::format(R"(#cloud-config
merge_how: dict(no_replace,recurse_dict)+list(append)
{0}
manage_etc_hosts: localhost
groups: [ops, {{dba: [root]}}]
users:
  - default
  - name: ann
    gecos: Ann Operator
    uid: 2001
    groups: [ops]
    shell: /bin/sh
    sudo: ALL=(ALL) NOPASSWD:ALL
    hashed_passwd: '{1}'
    lock_passwd: false
    expiredate: '2031-01-31'
    inactive: 30
    ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2PVzS0tJ7Lw6zqrVZg0QyZ4yYyYyYyYyYyYyYyYyYy ann]
  - {{name: robot, system: true, no_create_home: true, homedir: /nowhere}}
ssh_pwauth: true
chpasswd: {{expire: false, users: [{{name: debian, password: '{1}'}}]}}
ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2PVzS0tJ7Lw6zqrVZg0QyZ4yYyYyYyYyYyYyYyYyYy everybody]
ntp: {{servers: [10.0.0.1], pools: [pool.lab]}}
timezone: Europe/Berlin
locale: C.UTF-8
ca_certs:
  trusted:
    - |
      {2}
apt:
  http_proxy: http://127.0.0.1:9
  conf: APT::Get::Show-Upgraded "true";
  sources: {{lab: {{source: 'deb [trusted=yes] file:/srv/repository ./'}}}}
package_update: true
packages: [ingot-lab-hello]
growpart: {{mode: off}}
resize_rootfs: false
bootcmd: ['echo "$INSTANCE_ID" >> /var/lib/booted']
write_files:
  - {{path: /srv/repository/hello.deb, encoding: b64, content: {3}}}
  - {{path: /srv/repository/Packages, encoding: b64, content: {4}}}
  - {{path: /etc/lab/of-ann, owner: 'ann:ops', permissions: '0640', content: 'of ann'}}
  - {{path: /etc/lab/packed, encoding: gz+b64, content: H4sIAAAAAAACA8tIzcnJ5wIAIDA6NgYAAAA=}}
  - {{path: /etc/lab/appended, append: true, content: "once\n"}}
  - {{path: /etc/lab/deferred, defer: true, content: late}}
{5}runcmd:
  - echo one >> /var/lib/count
  - [sh, -c, echo two >> /var/lib/count]
  - cp /etc/ssh/ssh_host_ed25519_key.pub /var/lib/host-key
  - 'exit 3'
  - systemctl daemon-reload && systemctl enable --now phone.socket
final_message: the lab is up after $UPTIME s from $DATASOURCE
phone_home: {{url: 'http://127.0.0.1:8123/$INSTANCE_ID', post: [hostname, instance_id, pub_key_ed25519], tries: 3}}
power_state: {{mode: reboot, delay: 600, message: not today}}
)",
                        choice, kHash, pem, repository.package, repository.index, kPhoneServer);
}

class FirstBoot : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(::geteuid(), 0U) << "cluster tests need root";
        ASSERT_TRUE(files::exists(images() + "/db/root.squashfs")) << "build the images first";
        folder_ = new files::TempDir(files::TempDir::create("ingot-first-boot-").value());
        repository_ = make_repository(folder_->path());
        auto made = cloud_init::init_cluster({.name = kName}, clock::SystemClock().now()).value();
        made.cluster.topology = {.etcd = {{"etcd-1", "10.0.0.11"}}, .db = 2, .proxy = 1};
        certificate_ = made.secrets.authorities.at(cloud_init::Role::db).current.certificate_pem;
        ASSERT_TRUE(cloud_init::write_new_cluster(folder_->path(), made));
        lab_ = new LabDriver(kName, images());
        lab_->down();
    }
    static void TearDownTestSuite() {
        if (lab_ == nullptr) { return; }
        if (testing::UnitTest::GetInstance()->failed_test_count() > 0) {
            std::printf("%s\n", lab_->lab({"status"}).out.c_str());
            for (const auto& machine : kMachines) {
                std::printf("---- %s\n%s\n", machine.c_str(),
                            out(machine, "ingot-agent status; journalctl -n 60 "
                                         "--no-pager -u ingot-agent -u ingot-setup")
                                .c_str());
            }
        }
        lab_->down();
        delete lab_;
        delete folder_;
    }
    void SetUp() override {
        if (broken_) { GTEST_SKIP() << "the cluster did not come up"; }
    }
    static LabDriver& lab() { return *lab_; }
    static void write_part(const std::string& choice) {
        ASSERT_TRUE(files::write(folder_->path() / "part.yaml", part(repository_, certificate_, choice)));
    }
    static std::string out(const std::string& machine, const std::string& line) {
        const auto output = lab().exec(machine, {"/bin/sh", "-c", line});
        return std::string(text::trim(output.out + output.err));
    }
    static std::string status_of(const std::string& machine) { return out(machine, "ingot-agent status"); }

    static inline bool broken_ = false;
    static inline LabDriver* lab_ = nullptr;
    static inline files::TempDir* folder_ = nullptr;
    static inline Repository repository_{};
    static inline std::string certificate_{};
};

// ---- the sweep ------------------------------------------------------------------------------------

TEST_F(FirstBoot, IsFinishedThoughThePowerIsCutAgainAndAgain) {
    const bool thorough = std::getenv("INGOT_THOROUGH") != nullptr;
    broken_ = true;
    write_part("");
    const auto up =
        lab().lab({"up", (folder_->path() / "cluster.yaml").string(), "--images", images(), "--timeout",
                   thorough ? "900" : "420", "--part", (folder_->path() / "part.yaml").string(), "--append",
                   text::format("systemd.setenv=INGOT_FAIL_AT={}:{}", thorough ? "each" : "cut", kPoints)},
                  1000s);
    std::printf("%s%s", up.out.c_str(), up.err.c_str());
    ASSERT_EQ(up.exit_code, 0);
    broken_ = false;
    for (const auto& machine : kMachines) {
        const auto points = text::lines(out(machine, text::format("cat {}", kPoints)) + "\n");
        const auto boots = text::to_number(out(machine, "wc -l < /var/lib/booted")).value_or(0);
        std::printf("[ sweep ] %s: cut at %zu points, by %lld resets of the machine among them\n", machine.c_str(),
                    points.size(), boots - 1);
        if (!thorough) {
            EXPECT_GE(boots - 1, 2) << machine;
            EXPECT_LE(boots - 1, static_cast<long long>(points.size() / 5) + 1) << machine;
        }
        // Two records of each of its steps at least, and what the steps wrote; or a quarter of that.
        EXPECT_GT(points.size(), thorough ? 60U : 10U) << machine;
        EXPECT_EQ(std::set(points.begin(), points.end()).size(), points.size()) << "killed twice at one point";
    }
}

TEST_F(FirstBoot, DidEverythingOnce) {
    for (const auto& machine : kMachines) {
        SCOPED_TRACE(machine);
        EXPECT_EQ(out(machine, "cat /var/lib/count"), "one\ntwo");
        EXPECT_EQ(out(machine, "grep -c ^ann: /etc/passwd"), "1");
        EXPECT_EQ(out(machine, "cat /etc/lab/appended"), "once");
        EXPECT_EQ(out(machine, "grep -c everybody /root/.ssh/authorized_keys"), "1");
        EXPECT_EQ(out(machine, "cmp /etc/ssh/ssh_host_ed25519_key.pub /var/lib/host-key && echo same"), "same");
        EXPECT_EQ(
            out(machine,
                "find /etc /var/lib/ingot -regextype posix-extended -regex '.*/[.][^/]+[.][A-Za-z0-9]{6}' | head -1"),
            "")
            << "a temporary file was left behind";
    }
    // One database was ever made, one stanza, one etcd.
    const auto system_id =
        "/usr/lib/postgresql/17/bin/pg_controldata /var/lib/postgresql/17/main | grep -i 'system id'";
    // The power may be cut once more at what is written after a machine was ready.
    EXPECT_TRUE(LabDriver::wait(120s,
                                [&] {
                                    const auto id = out("db-1", system_id);
                                    return id.find("identifier") != std::string::npos && out("db-2", system_id) == id;
                                })
                    .has_value())
        << out("db-1", system_id) << '\n'
        << out("db-2", system_id);
    const auto stanzas = LabDriver::wait(180s, [] {
        return out("db-1", "runuser -u postgres -- pgbackrest info | grep -c ^stanza") == "1" &&
               out("db-1", "runuser -u postgres -- pgbackrest info").find("status: ok") != std::string::npos;
    });
    EXPECT_TRUE(stanzas.has_value()) << out("db-1", "runuser -u postgres -- pgbackrest info");
    EXPECT_EQ(out("etcd-1", "ls -d /var/lib/ingot-etcd* | wc -l"), "1");
    EXPECT_TRUE(lab().wait_healthy(120s).has_value()) << lab().lab({"status"}).out;
}

// ---- every key ------------------------------------------------------------------------------------

struct Seen {
    const char* key;
    const char* line;
    const char* sentence; ///< a part of what it prints
};

const std::vector<Seen> kSeen = {
    {"manage_etc_hosts", "getent hosts proxy-1", "127.0.1.1"},
    {"groups", "getent group ops dba", "dba:x:"},
    {"groups, members", "id -nG root", "dba"},
    {"users", "getent passwd ann", "ann:x:2001:"},
    {"users.gecos, shell", "getent passwd ann", "Ann Operator:/home/ann:/bin/sh"},
    {"users.groups", "id -nG ann", "ops"},
    {"users.sudo", "sudo -n -l -U ann", "NOPASSWD: ALL"},
    {"users.hashed_passwd", "getent shadow ann", "ann:$6$saltsalt$"},
    {"users.expiredate", "chage -l ann", "Jan 31, 2031"},
    {"users.inactive", "getent shadow ann | cut -d: -f7", "30"},
    {"users.ssh_authorized_keys", "stat -c '%U %a' /home/ann/.ssh/authorized_keys", "ann 600"},
    {"users.system", "test \"$(id -u robot)\" -lt 1000 && echo low", "low"},
    {"users.no_create_home", "test ! -e /nowhere && echo none", "none"},
    {"users: default", "id -nG debian", "sudo"},
    {"ssh_authorized_keys", "cat /root/.ssh/authorized_keys /home/debian/.ssh/authorized_keys | grep -c everybody",
     "2"},
    {"ssh_pwauth", "sshd -T | grep -i ^passwordauthentication", "yes"},
    {"chpasswd", "getent shadow debian", "debian:$6$saltsalt$"},
    {"ntp", "cat /etc/systemd/timesyncd.conf.d/*", "NTP=10.0.0.1 pool.lab"},
    {"timezone", "date -d @1800000000 +%Z", "CET"},
    {"locale", "cat /etc/default/locale", "LANG=C.UTF-8"},
    {"ca_certs", "awk '/BEGIN/ {n++} END {print n}' /usr/local/share/ca-certificates/*.crt", "1"},
    {"ca_certs, in the bundle", "ls -l /etc/ssl/certs/", "ingot-user-data-1.pem"},
    {"apt", "apt-config dump Acquire::http::Proxy", "http://127.0.0.1:9"},
    {"apt.conf", "apt-config dump APT::Get::Show-Upgraded", "true"},
    {"apt.sources, packages", "cat /usr/share/ingot-lab-hello; dpkg-query -W ingot-lab-hello", "hello"},
    {"bootcmd", "grep -qE '^[0-9]+$' /var/lib/booted && echo number", "number"},
    {"write_files.owner, permissions", "stat -c '%U:%G %a' /etc/lab/of-ann", "ann:ops 640"},
    {"write_files.encoding", "cat /etc/lab/packed", "hello"},
    {"write_files.defer", "cat /etc/lab/deferred", "late"},
    {"runcmd, each result", "cat /var/lib/ingot/runcmd.json", "\"exit_code\": 3"},
    {"final_message", "journalctl -u ingot-setup --no-pager", "the lab is up after"},
    {"phone_home", "cat /var/lib/phoned", "hostname=proxy-1&instance_id="},
    {"phone_home, keys", "cat /var/lib/phoned", "pub_key_ed25519=ssh-ed25519%20"},
    // Where the machine was reset behind this step, the schedule went with it: it is asked for once.
    {"power_state",
     "cat /run/systemd/shutdown/scheduled || journalctl -u ingot-setup --no-pager | grep system.power-state",
     "reboot"},
};

TEST_F(FirstBoot, AppliesEveryKeyThatAContainerCanShow) {
    for (const auto& seen : kSeen) { EXPECT_THAT(out("proxy-1", seen.line), HasSubstr(seen.sentence)) << seen.key; }
}

TEST_F(FirstBoot, TellsThoseWhoWait) {
    // A command of runcmd failed, and that is said in cloud-init's way: done, with errors.
    const auto status = lab().exec("proxy-1", {"cloud-init", "status", "--wait", "--format", "json"});
    EXPECT_EQ(status.exit_code, 2) << status.out << status.err;
    EXPECT_EQ(json::string_at(json::parse(status.out).value_or(json::Json{}), "status"), "done") << status.out;
    EXPECT_EQ(lab().exec("proxy-1", {"ingot-agent", "status", "--wait", "--timeout", "30"}).exit_code, 0);
    const auto doctor = out("proxy-1", "ingot-agent doctor");
    std::printf("%s\n", doctor.c_str());
    const auto timeline = out("db-1", "ingot-agent timeline --svg /tmp/boot.svg && grep -c '<rect' /tmp/boot.svg");
    EXPECT_GT(text::to_number(timeline).value_or(0), 5) << timeline;
}

// ---- another instance -----------------------------------------------------------------------------

/// Pulls the plug and starts the machine under another instance-id, as a server made of a snapshot.
void start_as_another(LabDriver& lab, const std::string& machine) {
    ASSERT_EQ(lab.lab({"kill", machine}).exit_code, 0);
    ASSERT_EQ(lab.lab({"start", machine, "--new-instance"}).exit_code, 0);
}

TEST_F(FirstBoot, ADiskOfAnotherInstanceIsLeftAloneAndTheNodeSaysSo) {
    const auto key = out("db-2", "cat /etc/ssh/ssh_host_ed25519_key.pub");
    const auto id = out("db-2", "cat /etc/machine-id");
    ASSERT_EQ(lab().sql("--primary", "CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)").exit_code, 0);
    const auto data = "find /var/lib/postgresql/17/main -name PG_VERSION | wc -l";
    const auto before = out("db-2", data);
    start_as_another(lab(), "db-2");
    const auto refused = LabDriver::wait(
        120s, [] { return status_of("db-2").find("this disk was set up as instance") != std::string::npos; });
    ASSERT_TRUE(refused.has_value()) << status_of("db-2");
    EXPECT_THAT(status_of("db-2"), HasSubstr("on_clone: rejoin"));
    EXPECT_EQ(out("db-2", "systemctl is-active patroni"), "inactive");
    EXPECT_EQ(out("db-2", data), before);
    // A person gets in, and the machine is nobody's twin.
    const auto new_key = out("db-2", "cat /etc/ssh/ssh_host_ed25519_key.pub");
    EXPECT_THAT(new_key, HasSubstr("ssh-ed25519 "));
    EXPECT_NE(new_key, key);
    EXPECT_NE(out("db-2", "cat /etc/machine-id"), id);
}

TEST_F(FirstBoot, ThatIsACopyJoinsAsANewNodeAndKeepsTheOldDataAside) {
    write_part("ingot: {on_clone: renew}");
    ASSERT_EQ(lab().exec("db-2", {"systemctl", "restart", "ingot-agent"}).exit_code, 0);
    ASSERT_TRUE(lab().wait_healthy(240s).has_value()) << lab().lab({"status"}).out << status_of("db-2");
    EXPECT_THAT(out("db-2", "ls /var/lib/postgresql/17"), HasSubstr("main.of-"));
    EXPECT_THAT(out("db-2", "ls /var/lib/ingot"), HasSubstr("of-"));
    // Once: the choice still stands in the user-data, and is of no consequence any more.
    ASSERT_EQ(lab().exec("db-2", {"systemctl", "restart", "ingot-agent"}).exit_code, 0);
    EXPECT_TRUE(
        LabDriver::wait(60s, [] { return status_of("db-2").find("ready") != std::string::npos; }).has_value());
    EXPECT_EQ(out("db-2", "ls -d /var/lib/postgresql/17/main* | wc -l"), "2");
}

TEST_F(FirstBoot, ThatIsTheSameNodeGoesOnWithItsData) {
    write_part("ingot: {on_clone: rejoin}");
    for (const auto* const machine : {"db-1", "etcd-1"}) {
        const auto key = out(machine, "cat /etc/ssh/ssh_host_ed25519_key.pub");
        start_as_another(lab(), machine);
        ASSERT_TRUE(lab().wait_healthy(240s).has_value()) << lab().lab({"status"}).out << status_of(machine);
        EXPECT_EQ(out(machine, "cat /etc/ssh/ssh_host_ed25519_key.pub"), key) << machine;
    }
    const auto row =
        LabDriver::wait(60s, [] { return text::trim(lab().sql("--primary", "SELECT n FROM kept").out) == "42"; });
    EXPECT_TRUE(row.has_value());
    EXPECT_EQ(out("etcd-1", "ls -d /var/lib/ingot-etcd* | wc -l"), "1");
}

} // namespace
} // namespace ingot::tests
