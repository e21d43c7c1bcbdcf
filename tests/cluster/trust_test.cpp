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
    struct Ports {
        std::set<int> open{};
        std::set<int> loopback{};
    };
    /// The TCP ports on which a machine listens.
    static Ports listening_on(const std::string& machine) {
        Ports ports;
        for (const auto& line : text::lines(lab().exec(machine, {"ss", "-Htln"}).out)) {
            auto words = text::split(line, ' ');
            std::erase_if(words, [](const std::string& word) { return word.empty(); });
            if (words.size() < 4) { continue; }
            const auto colon = words[3].rfind(':');
            const auto address = words[3].substr(0, colon);
            const auto port = static_cast<int>(text::to_number(words[3].substr(colon + 1)).value_or(0));
            (address.starts_with("127.") || address == "[::1]" ? ports.loopback : ports.open).insert(port);
        }
        return ports;
    }
    /// Those of the ports to which a machine can connect.
    static std::set<int> reached(const std::string& from, const std::string& address, const std::set<int>& ports) {
        std::string program = "import concurrent.futures as f, socket\n"
                              "def ask(port):\n"
                              "    try:\n"
                              "        socket.create_connection(('" +
                              address +
                              "', port), 2).close()\n"
                              "        print(port)\n"
                              "    except OSError: pass\n"
                              "with f.ThreadPoolExecutor(64) as pool: list(pool.map(ask, [";
        for (const int port : ports) { program += std::to_string(port) + ","; }
        const auto output = lab().exec(from, {"python3", "-c", program + "]))\n"});
        std::set<int> found;
        for (const auto& line : text::lines(output.out)) {
            found.insert(static_cast<int>(text::to_number(line).value_or(0)));
        }
        return found;
    }
    /// True if a machine connects to any of the ports. Without Python, which etcd nodes and proxies do not have.
    static bool connects(const std::string& from, const std::string& address, const std::set<int>& ports) {
        std::string program;
        for (const int port : ports) {
            program += text::format("timeout 3 bash -c '</dev/tcp/{}/{}' 2> /dev/null && exit 0\n", address, port);
        }
        return script(from, program + "exit 1\n").exit_code == 0;
    }
    /// The cluster file of the lab's own copy, whose secrets the lab follows.
    static std::string lab_cluster_file() { return std::string("/var/lib/ingot/lab/") + kName + "/cluster.yaml"; }
    static void rotate(const std::string& what, const std::string& role) {
        const auto rotated = ingot({"cluster", what, role, "--cluster", lab_cluster_file()});
        ASSERT_EQ(rotated.exit_code, 0) << rotated.err;
        ++generation_;
    }
    /// Gives the etcd node the user-data of now.
    static process::Output hand_out(const std::vector<std::string>& options = {}) {
        const auto text = ingot({"user-data", "etcd", "--cluster", lab_cluster_file()});
        std::vector<std::string> argv = {INGOT_PROGRAM, "lab", "exec",        "--name", kName,
                                         of("etcd"),    "--",  "ingot-agent", "trust",  "accept"};
        argv.insert(argv.end(), options.begin(), options.end());
        return run(std::move(argv), text.out);
    }
    /// Every machine but `except` has the newest generation, and the register of the signers says so.
    static void expect_followed(const std::string& except = {}) {
        const auto has = [&](const std::string& machine) {
            return lab()
                       .exec(machine, {"ingot-agent", "trust"})
                       .out.find(text::format("generation {} ", generation_)) != std::string::npos;
        };
        for (const auto& machine : machines()) {
            if (machine == except) { continue; }
            EXPECT_TRUE(LabDriver::wait(90s, [&] { return has(machine); }).has_value())
                << machine << " has not followed to generation " << generation_ << ": "
                << lab().exec(machine, {"ingot-agent", "status"}).out;
        }
        const auto missing = [&] {
            const auto listed = text::lines(lab().exec(of("etcd"), {"ingot-agent", "trust"}).out);
            return std::ranges::count_if(listed,
                                         [](const std::string& line) { return line.ends_with("has not followed"); });
        };
        EXPECT_TRUE(LabDriver::wait(60s, [&] { return missing() == (except.empty() ? 0 : 1); }).has_value())
            << lab().exec(of("etcd"), {"ingot-agent", "trust"}).out;
    }
    static std::vector<std::string> machines() {
        std::vector<std::string> names;
        for (const auto& machine : lab().status()) { names.push_back(machine.name); }
        return names;
    }
    static std::string of(const std::string& role) { return lab().of_role(role).at(0).name; }

    static bool broken_;    // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static int generation_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

  private:
    static LabDriver* lab_;         // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static files::TempDir* folder_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
};

bool Trust::broken_ = false;
int Trust::generation_ = 1;
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

TEST_F(Trust, ExactlyTheListedPortsListenAndAreReached) {
    const std::map<std::string, std::set<int>> wanted = {
        {"etcd", {22, 2379, 2380, 2381, 2382, 2383, 9180}},
        {"db", {22, 5432, 8008, 8432, 9180}},
        {"proxy", {22, 5000, 5001, 6432, 6433, 8404, 9180}},
    };
    const auto machines = lab().status();
    const auto stranger = lab().of_role("db").at(1);
    constexpr int kStranger = 9999; // a daemon that nobody has told the firewall of
    ASSERT_EQ(lab()
                  .exec(stranger.name,
                        {"systemd-run", "--unit=stranger", "python3", "-m", "http.server", std::to_string(kStranger)})
                  .exit_code,
              0);
    EXPECT_TRUE(
        LabDriver::wait(30s, [&] { return listening_on(stranger.name).open.contains(kStranger); }).has_value());
    std::set<int> tried;
    for (const auto& machine : machines) {
        const auto ports = listening_on(machine.name);
        tried.insert(ports.open.begin(), ports.open.end());
        tried.insert(ports.loopback.begin(), ports.loopback.end());
        auto open = ports.open;
        if (machine.name == stranger.name) { EXPECT_EQ(open.erase(kStranger), 1U); }
        auto expected = wanted.at(machine.role);
        if (!open.contains(8432)) { expected.erase(8432); } // pgBackRest's, where a repository needs it
        EXPECT_EQ(open, expected) << machine.name;
    }
    // Every port that is open anywhere, from a neighbour: what the firewall lets through is the same list.
    for (const auto& machine : machines) {
        const auto from = lab().of_role("db").at(machine.name == stranger.name ? 0 : 1);
        if (from.name == machine.name) { continue; }
        auto expected = listening_on(machine.name).open;
        expected.erase(kStranger);
        EXPECT_EQ(reached(from.name, machine.address, tried), expected) << machine.name << " from " << from.name;
    }
    lab().exec(stranger.name, {"systemctl", "stop", "stranger.service"});
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
echo "words: $(wc -l < /run/search.words)"
echo "hello $(head -n 1 /run/search.words)" > /var/tmp/planted
chmod 644 /var/tmp/planted
find / /run /tmp /dev/shm -xdev \( -path /proc -o -path /sys \) -prune -o -type f -perm -004 -print0 2>/dev/null |
  xargs -0 -r grep -lFaf /run/search.words 2>/dev/null | sed 's/^/file: /'
journalctl --no-pager -o cat 2>/dev/null | grep -cFf /run/search.words | sed 's/^/journal: /'
for file in /proc/[0-9]*/cmdline /proc/[0-9]*/environ; do
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
        // docs/security.md says why the agent's are what they are.
        {"etcd", {{"ingot-etcd.service", 1.5}, {"ingot-agent.service", 1.6}}},
        {"db", {{"patroni.service", 2.0}, {"ingot-agent.service", 1.6}}},
        {"proxy",
         {{"haproxy.service", 1.5},
          {"pgbouncer.service", 1.5},
          {"ingot-read-pool.service", 1.5},
          {"ingot-agent.service", 1.4}}},
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

TEST_F(Trust, AnAgentHasNoRightsAndTheSetupHasEnded) {
    for (const auto& machine : machines()) {
        // No capability but the one by which it looks at files of others, in whatever thread.
        const auto rights =
            script(machine, "cd /proc/$(systemctl show --value -p MainPID ingot-agent)/task && "
                            "grep -h -e ^Seccomp: -e ^NoNewPrivs: -e ^CapPrm: */status | sort -u | tr -d '\t\n'");
        const auto* const capabilities =
            machine.starts_with("db") || machine.starts_with("etcd") ? "0000000000000002" : "0000000000000000";
        EXPECT_EQ(rights.out, text::format("CapPrm:{}NoNewPrivs:1Seccomp:2", capabilities)) << machine;
        // And that one counts for files alone: it is in a user namespace of its own, where everybody is who he is.
        const auto users = script(machine, "xargs < /proc/$(systemctl show --value -p MainPID ingot-agent)/uid_map");
        EXPECT_EQ(trimmed(users.out), "0 0 65536") << machine;
        const auto setup = script(machine, "systemctl show --value -p SubState -p MainPID ingot-setup | tr '\n' ' '");
        EXPECT_EQ(setup.out, "0 exited ") << machine;
    }
}

TEST_F(Trust, AnAgentThatIsKilledGoesOnWithoutASetup) {
    const auto machine = of("db");
    const auto begun = "systemctl show --value -p ExecMainStartTimestampMonotonic ingot-setup";
    const auto before = trimmed(script(machine, begun).out);
    ASSERT_EQ(script(machine, "systemctl kill --signal=KILL ingot-agent").exit_code, 0);
    EXPECT_TRUE(
        LabDriver::wait(
            30s,
            [&] {
                return script(machine,
                              "test $(systemctl show --value -p NRestarts ingot-agent) = 1 && ingot-agent status")
                           .exit_code == 0;
            })
            .has_value())
        << script(machine, "ingot-agent status").out;
    EXPECT_EQ(trimmed(script(machine, begun).out), before);
    // An order to begin anew is one.
    ASSERT_EQ(script(machine, "systemctl restart ingot-agent").exit_code, 0);
    EXPECT_TRUE(LabDriver::wait(60s,
                                [&] {
                                    return trimmed(script(machine, begun).out) != before &&
                                           script(machine, "ingot-agent status").exit_code == 0;
                                })
                    .has_value())
        << script(machine, "ingot-agent status").out;
}

TEST_F(Trust, SshGivesAnAuditNothingToSay) {
    const auto address = lab().of_role("proxy")[0].address;
    const auto pid = std::to_string(supervisor_pid(kName));
    if (run({"ssh-audit", "--help"}).exit_code != 0) { GTEST_SKIP() << "ssh-audit is not installed"; }
    const auto audit =
        run({"nsenter", "--net=/proc/" + pid + "/ns/net", "ssh-audit", "--no-colors", "--level=warn", address});
    // Releases of ssh-audit before 3 do not know what OpenSSH has learned since, and call it a warning; what they say
    // of these is no finding. Newer ones say nothing of them.
    const std::set<std::string> too_new = {"mlkem768x25519-sha256", "sntrup761x25519-sha512",
                                           "sntrup761x25519-sha512@openssh.com", "kex-strict-s-v00@openssh.com"};
    bool reads_the_server = audit.exit_code == 0;
    for (const auto& line : text::lines(audit.out)) {
        EXPECT_EQ(line.find("[fail]"), std::string::npos) << line;
        const auto words = text::split(line, ' ');
        if (line.starts_with("(kex) ")) { reads_the_server = true; }
        if (line.find("[warn]") != std::string::npos) {
            EXPECT_TRUE(words.size() > 1 && too_new.contains(words[1])) << line;
        }
    }
    EXPECT_TRUE(reads_the_server) << audit.out << audit.err;
    // Keys only, whoever asks.
    const auto settings = lab().exec(of("proxy"), {"sshd", "-T"});
    for (const auto* const line :
         {"passwordauthentication no", "kbdinteractiveauthentication no", "permitrootlogin without-password"}) {
        EXPECT_NE(settings.out.find(line), std::string::npos) << line << "\n" << settings.out << settings.err;
    }
}

TEST_F(Trust, NobodyTalksToANodeThatWasRevokedUntilItIsLetInAgain) {
    const auto etcd = lab().of_role("etcd").at(0);
    const auto proxy = lab().of_role("proxy").at(0);
    MachineView leader;
    MachineView victim;
    for (const auto& machine : lab().of_role("db")) { (machine.leader ? leader : victim) = machine; }
    ASSERT_FALSE(victim.name.empty() || leader.name.empty());
    struct Way {
        std::string from;
        std::string to;
        int port;
    };
    const std::vector<Way> closed = {{victim.name, leader.address, 5432}, {victim.name, etcd.address, 2379},
                                     {victim.name, proxy.address, 6432},  {leader.name, victim.address, 22},
                                     {etcd.name, victim.address, 8008},   {proxy.name, victim.address, 5432}};
    const auto still_open = [&] {
        return std::ranges::count_if(closed, [](const Way& way) { return connects(way.from, way.to, {way.port}); });
    };
    const auto streams = [&] {
        return trimmed(script(leader.name, "setpriv --reuid postgres --clear-groups psql -X -q -A -t -d postgres -c "
                                           "\"SELECT count(*) FROM pg_stat_replication\"")
                           .out);
    };
    EXPECT_TRUE(
        LabDriver::wait(30s, [&] { return still_open() == static_cast<std::ptrdiff_t>(closed.size()); }).has_value())
        << still_open() << " ways are open";
    ASSERT_EQ(streams(), "1");

    const auto revoked = lab().exec(etcd.name, {"ingot-agent", "trust", "revoke", victim.name});
    ASSERT_EQ(revoked.exit_code, 0) << revoked.err;
    EXPECT_NE(revoked.out.find("rotate-token db"), std::string::npos);
    const auto shut = LabDriver::wait(60s, [&] { return still_open() == 0; });
    EXPECT_TRUE(shut.has_value()) << still_open() << " ways are open";
    std::printf("shut out after %.1f s\n", shut.value_or(-1));
    // The others go on, and commits do not wait for whom nobody hears.
    const auto writes = LabDriver::wait(
        60s, [] { return lab().sql("--pool", "CREATE TABLE IF NOT EXISTS without_it (n int)").exit_code == 0; });
    EXPECT_TRUE(writes.has_value());
    // The connection that was there ended when the leader had something to send.
    EXPECT_TRUE(LabDriver::wait(20s, [&] { return streams() == "0"; }).has_value()) << streams();
    EXPECT_EQ(trimmed(lab().sql("--replica", "SELECT 'from the leader'").out), "from the leader");
    for (const auto& machine : lab().status()) {
        // The leader waits for a synchronous replica, which is no fault of its own.
        if (machine.name == victim.name || machine.leader) { continue; }
        EXPECT_TRUE(machine.healthy) << machine.name << ": " << machine.detail;
    }
    EXPECT_TRUE(connects(proxy.name, leader.address, {5432}) && connects(leader.name, etcd.address, {2379}));
    // As at a boot: the rules come back before the agent does.
    const auto loaded = script(proxy.name, "nft flush ruleset; systemctl restart ingot-firewall.service; "
                                           "nft list set inet ingot-revoked revoked");
    EXPECT_NE(loaded.out.find(victim.address), std::string::npos) << loaded.out << loaded.err;
    // It gets no certificate, and no answer.
    ASSERT_EQ(script(victim.name, "rm /etc/ingot/pki/node.crt; systemctl restart ingot-agent").exit_code, 0);
    EXPECT_TRUE(LabDriver::wait(60s,
                                [&] {
                                    const auto status = lab().exec(victim.name, {"ingot-agent", "status"});
                                    return status.out.find("obtaining this node's certificate") != std::string::npos;
                                })
                    .has_value())
        << lab().exec(victim.name, {"ingot-agent", "status"}).out;
    EXPECT_NE(script(victim.name, "test -s /etc/ingot/pki/node.crt").exit_code, 0);

    ASSERT_EQ(lab().exec(etcd.name, {"ingot-agent", "trust", "lift", victim.name}).exit_code, 0);
    EXPECT_TRUE(
        LabDriver::wait(90s, [&] { return script(victim.name, "test -s /etc/ingot/pki/node.crt").exit_code == 0; })
            .has_value())
        << lab().exec(victim.name, {"ingot-agent", "status"}).out;
    EXPECT_TRUE(lab().wait_healthy(120s).has_value()) << lab().lab({"status"}).out;
    EXPECT_TRUE(LabDriver::wait(60s, [&] { return streams() == "1"; }).has_value());
}

TEST_F(Trust, StrangersAndOtherRolesAreRefused) {
    // With curl, which every image has: what TLS refuses is an error of the handshake, not an answer.
    const auto db = lab().of_role("db").at(0).address;
    const auto etcd = lab().of_role("etcd").at(0).address;
    const std::string curl = "curl -s -o /dev/null -m 5 -w '%{http_code}' ";
    const std::string pki = " --cacert /etc/ingot/pki/ca-etcd.crt ";
    const std::string own = " --cert /etc/ingot/pki/node.crt --key /etc/ingot/pki/node.key ";
    const std::string foreign = " --cert /run/foreign.crt --key /run/foreign.key ";
    const auto made =
        script(of("proxy"), "umask 077; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                            "-subj '/O=trust-test/OU=db/CN=db-1' -days 2 -keyout /run/foreign.key "
                            "-out /run/foreign.crt 2>&1");
    ASSERT_EQ(made.exit_code, 0) << made.out;
    const auto ask = [&](const std::string& rest) { return trimmed(script(of("proxy"), curl + rest).out); };
    const auto health = "https://" + etcd + ":2379/health";
    const auto peers = "https://" + etcd + ":2380/members";
    const auto whom = "https://" + etcd + ":2382/v1/trust";
    const auto restart = "-X POST -d '{}' https://" + db + ":8008/restart";
    EXPECT_EQ(ask(pki + own + health), "000") << "etcd with a proxy's certificate";
    EXPECT_EQ(trimmed(script(of("db"), curl + pki + own + health).out), "200");
    EXPECT_EQ(ask(pki + health), "000") << "etcd without a certificate";
    EXPECT_EQ(ask(pki + foreign + health), "000") << "etcd with one of a foreign CA";
    EXPECT_EQ(ask(pki + own + peers), "000") << "etcd's peers with a proxy's certificate";
    EXPECT_EQ(ask(pki + own + whom), "200");
    EXPECT_EQ(ask(pki + whom), "403");
    EXPECT_EQ(ask(pki + foreign + whom), "000");
    // What a proxy gets of etcd: to look, not to write. Nobody else does.
    const auto view = "https://" + etcd + ":2383/v1/";
    const auto patroni = "/service/" + std::string(kName) + "/";
    EXPECT_EQ(ask(pki + own + view + "list -d '{\"prefix\":\"" + patroni + "\"}'"), "200");
    EXPECT_EQ(ask(pki + own + view + "announce -d '{\"key\":\"" + patroni + "leader\",\"value\":\"x\"}'"), "403");
    EXPECT_EQ(ask(pki + own + "https://" + etcd + ":2383/v3/kv/put -d '{}'"), "404");
    EXPECT_EQ(ask(pki + foreign + view + "members -d '{}'"), "000");
    EXPECT_EQ(trimmed(script(of("db"), curl + pki + own + view + "members -d '{}'").out), "000");
    const std::string db_ca = " --cacert /etc/ingot/pki/ca-db.crt ";
    EXPECT_EQ(ask(db_ca + "https://" + db + ":8008/health"), "200");
    for (const auto& who : {std::string(), foreign, own}) {
        const auto answer = ask(db_ca + who + restart);
        EXPECT_TRUE(answer == "000" || answer == "403") << "an order to Patroni: " << who << answer;
    }
    script(of("proxy"), "rm -f /run/foreign.crt /run/foreign.key");
    // Nobody logs in as the superuser with a proxy's certificate, nor without TLS; a client checks whom it talks to.
    const auto login = [&](const std::string& how) {
        return lab().exec(lab().of_role("db").at(1).name, {"psql", "-X", "-w", "-c", "SELECT 1", how});
    };
    EXPECT_NE(login("host=" + db + " dbname=postgres user=postgres sslmode=disable").exit_code, 0);
    EXPECT_NE(login("host=" + db + " dbname=postgres user=postgres sslmode=require sslcert=none").exit_code, 0);
    const auto wrong_name = login("host=" + db +
                                  " dbname=app user=app sslmode=verify-full sslcert=none "
                                  "sslrootcert=/etc/ingot/pki/ca-proxy.crt");
    EXPECT_NE(wrong_name.err.find("certificate verify failed"), std::string::npos) << wrong_name.err;
}

TEST_F(Trust, ACaAndATokenAreReplacedWhileClientsStayConnected) {
    const auto last_db = lab().of_role("db").back().name;
    auto session = std::async(std::launch::async, [] {
        return lab().lab({"psql", "--primary", "-X", "-q", "-A", "-t", "-c", "SELECT 'still', pg_sleep(90)"}, 200s);
    });
    // Step 1, and a new token with it.
    rotate("rotate-ca", "db");
    rotate("rotate-token", "db");
    const auto first = hand_out();
    ASSERT_EQ(first.exit_code, 0) << first.err;
    expect_followed();
    // Step 2, while one node's agent is away: it stays behind, and step 3 would shut it out.
    ASSERT_EQ(lab().exec(last_db, {"systemctl", "stop", "ingot-agent"}).exit_code, 0);
    rotate("rotate-ca", "db");
    const auto second = hand_out();
    ASSERT_EQ(second.exit_code, 0) << second.err;
    expect_followed(last_db);
    // A new node knows only the token and the CA of the beginning: one epoch before is accepted, and the CA that
    // signs for it now is one that the others have learned of while they ran.
    const auto added = lab().lab({"add", "db"});
    ASSERT_EQ(added.exit_code, 0) << added.err;
    rotate("rotate-ca", "db");
    const auto refused = hand_out();
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_NE(refused.err.find(last_db + " (db at "), std::string::npos) << refused.err;
    EXPECT_NE(refused.err.find("would be shut out"), std::string::npos) << refused.err;
    --generation_;
    ASSERT_EQ(lab().exec(last_db, {"systemctl", "start", "ingot-agent"}).exit_code, 0);
    expect_followed();
    EXPECT_TRUE(lab().wait_healthy(90s).has_value()) << lab().lab({"status"}).out;
    ++generation_;
    // Step 3, and a token of which the first one is too old.
    rotate("rotate-token", "db");
    const auto third = hand_out();
    ASSERT_EQ(third.exit_code, 0) << third.err;
    expect_followed();
    const auto kept = session.get();
    EXPECT_EQ(kept.exit_code, 0) << kept.err;
    EXPECT_NE(kept.out.find("still"), std::string::npos);
    // Everybody talks to everybody, by connections that are new: replication too.
    for (const auto& machine : lab().of_role("db")) {
        EXPECT_EQ(trimmed(script(machine.name, "grep -c BEGIN /etc/patroni/ca-clients.crt").out), "2")
            << machine.name;
    }
    script(lab().primary(), "setpriv --reuid postgres --clear-groups psql -X -q -d postgres -c "
                            "\"SELECT pg_terminate_backend(pid) FROM pg_stat_replication\"");
    EXPECT_TRUE(lab().wait_healthy(90s).has_value()) << lab().lab({"status"}).out;
    EXPECT_TRUE(LabDriver::wait(60s, [] {
                    return lab().sql("--pool", "CREATE TABLE IF NOT EXISTS after_rotation (n int)").exit_code == 0;
                }).has_value());
}

TEST_F(Trust, ATokenThatIsTooOldIsRefusedOnBothSidesWithoutBeingNamed) {
    const auto before = machines();
    ASSERT_EQ(lab().lab({"add", "db"}).exit_code, 0); // with the user-data of the beginning
    auto late = machines();
    std::erase_if(late, [&](const std::string& name) { return std::ranges::find(before, name) != before.end(); });
    ASSERT_EQ(late.size(), 1U);
    const auto reason = "its token is of epoch 1, accepted is 3 and 2";
    EXPECT_TRUE(
        LabDriver::wait(
            60s, [&] { return lab().exec(late[0], {"ingot-agent", "status"}).out.find(reason) != std::string::npos; })
            .has_value())
        << lab().exec(late[0], {"ingot-agent", "status"}).out;
    const auto log = lab().exec(of("etcd"), {"journalctl", "--no-pager", "-u", "ingot-agent", "-o", "cat"});
    EXPECT_NE(log.out.find(text::format("join: refused {} (db) at ", late[0])), std::string::npos);
    EXPECT_NE(log.out.find(reason), std::string::npos);
    EXPECT_EQ(trimmed(script(late[0], "curl -s http://169.254.169.254/hetzner/v1/userdata | "
                                      "sed -n 's/^ *-\\{0,1\\} *secret: *//p' | tr -d '\"' > /run/token; "
                                      "journalctl --no-pager -o cat | grep -cFf /run/token; rm /run/token")
                          .out),
              "0");
}

TEST_F(Trust, LeavesNothingBehind) {
    EXPECT_EQ(lab().down().exit_code, 0);
    EXPECT_EQ(leftovers(kName, images(), false), std::vector<std::string>());
}
