// What protects a cluster, measured on real machines: who listens and who is reached, what the sandboxes are worth,
// where secrets could be read, and that CAs and tokens are replaced while clients stay connected.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <future>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/leftovers.hpp"
#include "tests/places/places.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::tests;

namespace {

constexpr const char* kName = "trust-test";

std::string images() {
    const char* told = std::getenv("INGOT_IMAGES");
    return told != nullptr ? told : (source_dir() / "build/images").string();
}

std::string trimmed(const std::string& text) { return std::string(text::trim(text)); }

/// One etcd, two db, one proxy: the smallest cluster in which every role talks to every other.
class Trust : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(::geteuid(), 0U) << "cluster tests need root";
        folder_ = new files::TempDir(files::TempDir::create("ingot-trust-").value());
        lab_ = new LabDriver(kName, images());
        lab_->down();
        ASSERT_EQ(ingot({"cluster", "init", kName, "--synchronous", "on", "--directory", folder_->path().string()})
                      .exit_code,
                  0);
        auto text = files::read(cluster_file()).value();
        const auto from = text.find("    etcd-2:");
        text.erase(from, text.find("  db:") - from);
        text = text::replace_all(text, "  db: 3", "  db: 2");
        ASSERT_TRUE(files::write(cluster_file(), text));
    }
    static void TearDownTestSuite() {
        if (lab_ != nullptr) {
            if (testing::UnitTest::GetInstance()->failed_test_count() > 0) {
                std::printf("%s\n", lab_->lab({"status"}).out.c_str());
            }
            lab_->down();
        }
        delete lab_;
        delete folder_;
    }
    void SetUp() override {
        if (broken_) { GTEST_SKIP() << "the cluster did not come up"; }
    }

    static std::string cluster_file() { return (folder_->path() / "cluster.yaml").string(); }
    static process::Output run(std::vector<std::string> argv, std::string input = {},
                               std::chrono::seconds timeout = 120s) {
        process::PosixProcesses processes;
        auto output = processes.run({.argv = std::move(argv), .input = std::move(input), .timeout = timeout});
        if (!output) { return {.exit_code = -1, .out = {}, .err = output.error().to_string()}; }
        return *std::move(output);
    }
    static process::Output ingot(const std::vector<std::string>& words) {
        std::vector<std::string> argv = {INGOT_PROGRAM};
        argv.insert(argv.end(), words.begin(), words.end());
        return run(std::move(argv));
    }
    /// A script on a machine, by its standard input, so that nothing of it stands in a command line.
    static process::Output script(const std::string& machine, const std::string& text) {
        return run({INGOT_PROGRAM, "lab", "exec", "--name", kName, machine, "--", "sh", "-s"}, text);
    }
    static LabDriver& lab() { return *lab_; }
    static std::vector<std::string> machines() {
        std::vector<std::string> names;
        for (const auto& machine : lab().status()) { names.push_back(machine.name); }
        return names;
    }
    static std::string of(const std::string& role) { return lab().of_role(role).at(0).name; }

    static bool broken_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

  private:
    static LabDriver* lab_;         // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static files::TempDir* folder_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
};

bool Trust::broken_ = false;
LabDriver* Trust::lab_ = nullptr;
files::TempDir* Trust::folder_ = nullptr;

} // namespace

TEST_F(Trust, AClusterFormsWithCaKeysOnTheEtcdNodeAlone) {
    broken_ = true;
    const auto up =
        lab().lab({"up", cluster_file(), "--images", lab().images(), "--timeout", "300"}, std::chrono::seconds(400));
    std::printf("%s%s", up.out.c_str(), up.err.c_str());
    ASSERT_EQ(up.exit_code, 0);
    broken_ = false;
    for (const auto& machine : {of("db"), of("proxy")}) {
        EXPECT_EQ(
            trimmed(
                script(machine, "curl -s http://169.254.169.254/hetzner/v1/userdata | grep -c 'PRIVATE KEY'").out),
            "0")
            << machine;
    }
    const auto listed = lab().exec(of("etcd"), {"ingot-agent", "trust"});
    EXPECT_EQ(listed.exit_code, 0) << listed.err;
    for (const auto& machine : machines()) { EXPECT_NE(listed.out.find(machine), std::string::npos) << listed.out; }
    EXPECT_EQ(trimmed(lab().sql("--pool", "SELECT 'through the pool'").out), "through the pool");
}

TEST_F(Trust, OnlyTheListedPortsListen) {
    // Beyond loopback; resolved and the daemons' own loopback sockets do not count.
    const std::map<std::string, std::set<std::string>> wanted = {
        {"etcd", {"22", "2379", "2380", "2381", "2382", "9180"}},
        {"db", {"22", "5432", "8008", "9180"}},
        {"proxy", {"22", "5000", "5001", "6432", "6433", "8404", "9180"}},
    };
    for (const auto& machine : lab().status()) {
        const auto output = lab().exec(machine.name, {"ss", "-Htln"});
        std::set<std::string> listening;
        for (const auto& line : text::lines(output.out)) {
            auto words = text::split(line, ' ');
            std::erase_if(words, [](const std::string& word) { return word.empty(); });
            ASSERT_GE(words.size(), 4U) << line;
            const auto colon = words[3].rfind(':');
            const auto address = words[3].substr(0, colon);
            if (!address.starts_with("127.") && address != "[::1]") { listening.insert(words[3].substr(colon + 1)); }
        }
        auto expected = wanted.at(machine.role);
        if (listening.contains("8432")) { expected.insert("8432"); } // pgBackRest, where a repository needs it
        EXPECT_EQ(listening, expected) << machine.name << "\n" << output.out;
    }
}

TEST_F(Trust, NoOtherPortIsReached) {
    const auto dbs = lab().of_role("db");
    ASSERT_GE(dbs.size(), 2U);
    const auto& target = dbs[1];
    ASSERT_EQ(
        lab().exec(target.name, {"systemd-run", "--unit=stranger", "python3", "-m", "http.server", "9999"}).exit_code,
        0);
    const auto reached = [&](const std::string& address, int port) {
        const auto program = text::format("import socket; socket.create_connection(('{}', {}), 3)", address, port);
        return lab().exec(dbs[0].name, {"python3", "-c", program}).exit_code == 0;
    };
    EXPECT_TRUE(LabDriver::wait(30s, [&] {
                    return lab()
                               .exec(target.name, {"python3", "-c",
                                                   "import socket; socket.create_connection(('127.0.0.1', 9999), 3)"})
                               .exit_code == 0;
                }).has_value());
    EXPECT_FALSE(reached(target.address, 9999)) << "the firewall drops what the role does not need";
    EXPECT_TRUE(reached(target.address, 5432));
    EXPECT_TRUE(reached(target.address, 8008));
    EXPECT_TRUE(reached(lab().of_role("etcd")[0].address, 2382));
    EXPECT_FALSE(reached(lab().of_role("etcd")[0].address, 9999));
    lab().exec(target.name, {"systemctl", "stop", "stranger.service"});
}

TEST_F(Trust, OnlyRootReachesTheMetadata) {
    for (const auto& machine : machines()) {
        const auto ask = "curl -s -m 5 -o /dev/null -w '%{http_code}' http://169.254.169.254/hetzner/v1/metadata";
        EXPECT_EQ(trimmed(script(machine, ask).out), "200") << machine;
        const auto nobody = script(machine, text::format("setpriv --reuid nobody --clear-groups {}", ask));
        EXPECT_NE(nobody.exit_code, 0) << machine;
        EXPECT_EQ(trimmed(nobody.out), "000") << machine;
    }
}

TEST_F(Trust, NoSecretIsReadableByOthersOrLogged) {
    // The machine's own user-data says what its secrets are; the search has to find one that is planted.
    const std::string search = R"sh(
set -u
umask 077
curl -s http://169.254.169.254/hetzner/v1/userdata > /run/search.ud
{ sed -n 's/^ *-\{0,1\} *secret: *//p; s/^ *cipher_pass: *//p' /run/search.ud | tr -d '"'
  grep -A1 'BEGIN PRIVATE KEY' /run/search.ud | grep -v -e BEGIN -e '^--' | sed 's/^ *//'
  grep -o 'SCRAM-SHA-256[^" ]*' /run/search.ud
  sed -n 2p /etc/ingot/pki/node.key
} | grep . > /run/search.words
echo "words: $(wc -l < /run/search.words)" echo "hello $(head -n 1 /run/search.words)" > / var / tmp / planted; chmod 644 /var/tmp/planted
find / /run /tmp /dev/shm -xdev \( -path /proc -o -path /sys \) -prune -o -type f -perm -004 -print0 2>/dev/null |
  xargs -0 -r grep -lFaf /run/search.words 2>/dev/null | sed 's/^/file: /'
journalctl --no-pager -o cat 2>/dev/null | grep -cFf /run/search.words | sed 's/^/journal: /'
for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ;
    do
  tr '\0' '\n' < "$file" 2>/dev/null | grep -qFf /run/search.words && echo "process: $file"
done
ingot-agent status --json | grep -cFf /run/search.words | sed 's/^/status: /'
rm -f /run/search.ud /run/search.words /var/tmp/planted
)sh";
    for (const auto& machine : machines()) {
        const auto lines = text::lines(script(machine, search).out);
        std::vector<std::string> found;
        int words = 0;
        for (const auto& line : lines) {
            if (line.starts_with("words: ")) {
                words = static_cast<int>(text::to_number(line.substr(7)).value_or(0));
            } else {
                found.push_back(line);
            }
        }
        EXPECT_GE(words, 2) << machine;
        EXPECT_EQ(found, (std::vector<std::string>{"file: /var/tmp/planted", "journal: 0", "status: 0"})) << machine;
    }
}

TEST_F(Trust, DaemonsAreSandboxed) {
    const std::map<std::string, std::vector<std::pair<std::string, double>>> limits = {
        {"etcd", {{"ingot-etcd.service", 1.5}}},
        {"db", {{"patroni.service", 2.0}}},
        {"proxy", {{"haproxy.service", 1.5}, {"pgbouncer.service", 1.5}, {"ingot-read-pool.service", 1.5}}},
    };
    for (const auto& [role, units] : limits) {
        for (const auto& [unit, limit] : units) {
            const auto output = lab().exec(of(role), {"systemd-analyze", "security", "--no-pager", unit});
            const auto at = output.out.find("Overall exposure level for");
            ASSERT_NE(at, std::string::npos) << output.out << output.err;
            const auto score = std::strtod(output.out.c_str() + output.out.find(':', at) + 1, nullptr);
            std::printf("exposure: %s %.1f\n", unit.c_str(), score);
            EXPECT_LE(score, limit) << output.out;
        }
    }
    const auto owner = lab().exec(of("proxy"), {"sh", "-c", "ps -o user= -C haproxy | sort -u"});
    EXPECT_EQ(trimmed(owner.out).find("root"), std::string::npos) << owner.out;
}

TEST_F(Trust, SshGivesAnAuditNothingToSay) {
    const auto address = lab().of_role("proxy")[0].address;
    const auto pid = std::to_string(supervisor_pid(kName));
    if (run({"ssh-audit", "--help"}).exit_code != 0) { GTEST_SKIP() << "ssh-audit is not installed"; }
    const auto audit =
        run({"nsenter", "--net=/proc/" + pid + "/ns/net", "ssh-audit", "--no-colors", "--level=warn", address});
    EXPECT_EQ(audit.out.find("[fail]"), std::string::npos) << audit.out;
    EXPECT_EQ(audit.out.find("[warn]"), std::string::npos) << audit.out;
    EXPECT_EQ(audit.exit_code, 0) << audit.out << audit.err;
}

TEST_F(Trust, ACaAndATokenAreReplacedWhileClientsStayConnected) {
    const auto etcd = of("etcd");
    auto session = std::async(std::launch::async, [] {
        return lab().lab({"psql", "--primary", "-X", "-q", "-A", "-t", "-c", "SELECT 'still', pg_sleep(100)"}, 200s);
    });
    int generation = 1;
    const auto hand_out = [&] {
        const auto text = ingot({"user-data", "etcd", "--cluster", cluster_file()});
        ASSERT_EQ(text.exit_code, 0) << text.err;
        const auto accepted = run(
            {INGOT_PROGRAM, "lab", "exec", "--name", kName, etcd, "--", "ingot-agent", "trust", "accept"}, text.out);
        ASSERT_EQ(accepted.exit_code, 0) << accepted.err;
        ++generation;
        const auto wanted = text::format("generation {} ", generation);
        for (const auto& machine : machines()) {
            const auto followed = LabDriver::wait(120s, [&] {
                return lab().exec(machine, {"ingot-agent", "trust"}).out.find(wanted) != std::string::npos;
            });
            EXPECT_TRUE(followed.has_value()) << machine << " has not followed to generation " << generation << ": "
                                              << lab().exec(machine, {"ingot-agent", "status"}).out;
        }
    };
    ASSERT_EQ(ingot({"cluster", "rotate-ca", "db", "--cluster", cluster_file()}).exit_code, 0);
    hand_out();
    ASSERT_EQ(ingot({"cluster", "rotate-ca", "db", "--cluster", cluster_file()}).exit_code, 0);
    hand_out();
    ASSERT_EQ(ingot({"cluster", "rotate-token", "db", "--cluster", cluster_file()}).exit_code, 0);
    hand_out();
    const auto kept = session.get();
    EXPECT_EQ(kept.exit_code, 0) << kept.err;
    EXPECT_NE(kept.out.find("still"), std::string::npos);
    // The daemons read the new CA: what PostgreSQL shows now is signed by it, and everybody still talks to everybody.
    const auto issuer = script(of("db"), "openssl version >/dev/null 2>&1; ingot-agent trust");
    EXPECT_NE(issuer.out.find(text::format("generation {}", generation)), std::string::npos);
    EXPECT_TRUE(LabDriver::wait(60s, [] {
                    return lab().sql("--pool", "CREATE TABLE IF NOT EXISTS after_rotation (n int)").exit_code == 0;
                }).has_value());
    EXPECT_TRUE(lab().wait_healthy(120s).has_value());
    // A node that is new knows only the token that was drawn at the beginning: one epoch before is accepted.
    const auto added = lab().lab({"add", "db"});
    ASSERT_EQ(added.exit_code, 0) << added.err;
    EXPECT_TRUE(lab().wait_healthy(240s).has_value()) << lab().lab({"status"}).out;
}

TEST_F(Trust, ANodeThatWasRevokedIsNotSignedForAgain) {
    const auto etcd = of("etcd");
    const auto victim = lab().of_role("db").back().name;
    const auto revoked = lab().exec(etcd, {"ingot-agent", "trust", "revoke", victim});
    ASSERT_EQ(revoked.exit_code, 0) << revoked.err;
    EXPECT_NE(revoked.out.find("rotate-token db"), std::string::npos);
    ASSERT_EQ(script(victim, "rm /etc/ingot/pki/node.crt; systemctl restart ingot-agent").exit_code, 0);
    const auto refused = LabDriver::wait(60s, [&] {
        return lab().exec(victim, {"ingot-agent", "status"}).out.find("was revoked") != std::string::npos;
    });
    EXPECT_TRUE(refused.has_value()) << lab().exec(victim, {"ingot-agent", "status"}).out;
    const auto log = lab().exec(etcd, {"journalctl", "--no-pager", "-u", "ingot-agent", "-o", "cat"});
    EXPECT_NE(log.out.find(text::format("join: refused {} (db)", victim)), std::string::npos);
    ASSERT_EQ(lab().exec(etcd, {"ingot-agent", "trust", "lift", victim}).exit_code, 0);
    EXPECT_TRUE(lab().wait_healthy(120s).has_value());
}

TEST_F(Trust, LeavesNothingBehind) {
    EXPECT_EQ(lab().down().exit_code, 0);
    EXPECT_EQ(leftovers(kName, images(), false), std::vector<std::string>());
}
