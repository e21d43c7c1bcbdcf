// Backups of a small cluster: one etcd, two db, one proxy, a backup host, and an S3 server in the lab's network. The
// tests run in the order in which they stand here, each on what the one before left.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <thread>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cloud-init/cluster/cluster.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/process/background.hpp"
#include "common/text/text.hpp"
#include "firstboot/backup/schedule.hpp"
#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/leftovers.hpp"
#include "tests/places/places.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::tests;

namespace {

namespace fs = std::filesystem;
using json::Json;

constexpr const char* kName = "backup-test";
constexpr auto kPatience = 240s;

std::string variable(const char* name, const std::string& usual) {
    const char* told = std::getenv(name);
    return told != nullptr ? told : usual;
}
std::string images() { return variable("INGOT_IMAGES", source_dir() / "build/images"); }
std::string s3_modules() { return variable("INGOT_S3", source_dir() / "build/tools/s3/node_modules"); }

class Backups : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(::geteuid(), 0U) << "cluster tests need root";
        ASSERT_TRUE(files::exists(images() + "/backup/root.squashfs"))
            << "build the images first: ingot build db etcd proxy backup";
        ASSERT_TRUE(files::exists(s3_modules() + "/@20minutes/s3rver")) << "./dev test cluster fetches the S3 server";
        folder_ = new files::TempDir(files::TempDir::create("ingot-backup-lab-").value());
        lab_ = new LabDriver(kName, images());
        lab_->down();
    }
    static void TearDownTestSuite() {
        if (lab_ == nullptr) { return; }
        if (testing::UnitTest::GetInstance()->failed_test_count() > 0) {
            std::printf("%s\n", lab_->lab({"status"}).out.c_str());
            for (const auto* machine : {"db-1", "db-2"}) {
                std::printf("%s\n", lab_->exec(machine, {"ingot-agent", "status"}).out.c_str());
                std::printf(
                    "%s\n",
                    lab_->exec(machine, {"journalctl", "-u", "ingot-agent", "-n", "60", "--no-pager"}).out.c_str());
            }
        }
        delete s3_;
        lab_->down();
        delete lab_;
        delete made_;
        delete folder_;
    }
    void SetUp() override {
        if (broken_) { GTEST_SKIP() << "the cluster did not come up"; }
    }

    static LabDriver& lab() { return *lab_; }
    static fs::path in(std::string_view name) { return folder_->path() / name; }

    /// The cluster's files, with the S3 server's certificate.
    static Status write_cluster() {
        const auto now = clock::SystemClock().now();
        INGOT_ASSIGN(auto made, cloud_init::init_cluster({.name = kName}, now), "");
        INGOT_ASSIGN(const auto ca, crypto::make_ca("elsewhere", "s3", now), "");
        INGOT_ASSIGN(const auto leaf,
                     crypto::issue_leaf(ca,
                                        {.cluster = "elsewhere",
                                         .role = "s3",
                                         .common_name = "s3",
                                         .dns_names = {text::format("host.{}.internal", kName)}},
                                        now),
                     "");
        INGOT_TRY(files::write(in("s3.crt"), leaf.certificate_pem), "");
        INGOT_TRY(files::write(in("s3.key"), leaf.key_pem.reveal()), "");
        auto& cluster = made.cluster;
        cluster_id_ = cluster.id;
        const auto first = cluster.topology.etcd.begin()->second;
        cluster.topology = {.etcd = {{"etcd-1", first}}, .db = 2, .proxy = 1};
        cluster.backup.repositories = {
            {.name = "host",
             .path = "/var/lib/pgbackrest",
             .store = cloud_init::HostStore{.address = first.substr(0, first.rfind('.')) + ".41"}},
            {.name = "s3",
             .path = "/pg",
             .store = cloud_init::S3Store{.endpoint = text::format("host.{}.internal", kName),
                                          .port = 9000,
                                          .bucket = "backups",
                                          .region = "eu-1",
                                          .path_style = true,
                                          .ca = ca.certificate_pem,
                                          .key = "AK1"}}};
        cluster.backup.schedule = {.full = cloud_init::slot_from("weekly"),
                                   .incr = cloud_init::slot_from("every 2m")};
        cluster.backup.restore_test = std::nullopt; // asked for below
        made.secrets.repositories["s3"].secret = crypto::Secret("geheim");
        made_ = new cloud_init::NewCluster(made);
        return cloud_init::write_new_cluster(folder_->path() / "cluster", made);
    }

    /// In the lab's own network, where the switch is the host of the machines.
    static void start_s3() {
        const int supervisor = supervisor_pid(kName);
        ASSERT_GT(supervisor, 0);
        auto started = process::Background::start(
            {.argv = {"nsenter", text::format("--net=/proc/{}/ns/net", supervisor), "node",
                      source_dir() / "tests/support/s3_server.js", s3_modules(), "0.0.0.0", "9000", in("s3"),
                      in("s3.crt"), in("s3.key"), "backups", "AK1", "geheim"},
             .log_file = in("s3.log")});
        ASSERT_TRUE(started) << started.error().to_string();
        s3_ = new process::Background(*std::move(started));
    }
    static void stop_s3() {
        s3_->signal(SIGKILL);
        delete s3_;
        s3_ = nullptr;
    }

    static std::string replica() {
        for (const auto& machine : lab().of_role("db")) {
            if (machine.running && !machine.leader) { return machine.name; }
        }
        return {};
    }
    /// /run/ingot/backup.json of a machine.
    static Json status_of(const std::string& machine) {
        const auto value = json::parse(lab().exec(machine, {"cat", "/run/ingot/backup.json"}).out);
        return value ? *value : Json();
    }
    static std::string label(const std::string& machine, int repository, const char* kind) {
        const auto status = status_of(machine); // outlives what is looked at in it
        for (const auto& entry : json::member(json::member(status, "report"), "repositories")) {
            if (json::number_at(entry, "number") == repository) {
                return json::string_at(json::member(entry, kind), "label").value_or("");
            }
        }
        return {};
    }
    /// When the backups of a repository began, by pgBackRest itself.
    static std::vector<std::int64_t> starts(int repository) {
        std::vector<std::int64_t> found;
        const auto info =
            json::parse(lab()
                            .exec(lab().primary(), {"runuser", "-u", "postgres", "--", "pgbackrest",
                                                    text::format("--stanza={}", kName),
                                                    text::format("--repo={}", repository), "--output=json", "info"})
                            .out);
        if (!info || !info->is_array()) { return found; }
        for (const auto& stanza : *info) {
            for (const auto& backup : json::member(stanza, "backup")) {
                found.push_back(json::number_at(json::member(backup, "timestamp"), "start").value_or(0));
            }
        }
        std::ranges::sort(found);
        return found;
    }

    /// When the newest snapshot of etcd was put into a repository; 0: never.
    static std::int64_t snapshot_at(int repository) {
        const auto status = status_of(lab().primary());
        for (const auto& entry : json::member(json::member(status, "etcd_snapshots"), "repositories")) {
            if (json::number_at(entry, "number") == repository) { return json::number_at(entry, "at").value_or(0); }
        }
        return 0;
    }
    /// A script on a machine, by its standard input.
    static process::Output script(const std::string& machine, const std::string& text) {
        process::PosixProcesses processes;
        return processes
            .run({.argv = {INGOT_PROGRAM, "lab", "exec", "--name", kName, machine, "--", "sh", "-s"}, .input = text})
            .value_or(process::Output{.exit_code = -1});
    }

    /// A machine of another cluster; its name.
    static std::string add(const cloud_init::NewCluster& other, cloud_init::Role role) {
        const auto path = in(text::format("other-{}.yaml", cloud_init::to_string(role)));
        const auto text =
            cloud_init::render_user_data(other.cluster, other.secrets, role, clock::SystemClock().now());
        EXPECT_TRUE(text.has_value()) << text.error().to_string();
        if (!text || !files::write(path, *text)) { return {}; }
        const auto added = lab().lab({"add", std::string(cloud_init::to_string(role)), "--user-data", path.string()});
        EXPECT_EQ(added.exit_code, 0) << added.err;
        return std::string(text::trim(added.out));
    }

    static std::string cluster_id_;        // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static cloud_init::NewCluster* made_;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static bool broken_;                   // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static std::string each_minute_since_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

  private:
    static files::TempDir* folder_;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static LabDriver* lab_;          // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static process::Background* s3_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
};

std::string Backups::cluster_id_;
cloud_init::NewCluster* Backups::made_ = nullptr;
bool Backups::broken_ = false;
std::string Backups::each_minute_since_ = "0";
files::TempDir* Backups::folder_ = nullptr;
LabDriver* Backups::lab_ = nullptr;
process::Background* Backups::s3_ = nullptr;

} // namespace

TEST_F(Backups, AreMadeIntoABackupHostAndAnS3BucketByTheClusterItself) {
    broken_ = true;
    const auto written = write_cluster();
    ASSERT_TRUE(written) << written.error().to_string();
    process::Output up;
    {
        // The databases wait for both repositories: they ask them for an earlier one before they begin.
        std::jthread booting([&] {
            up = lab().lab({"up", in("cluster") / "cluster.yaml", "--images", images(), "--timeout", "300"}, 400s);
        });
        // Its first moments are in this machine's network.
        const auto supervised = LabDriver::wait(60s, [] {
            std::error_code error;
            const int supervisor = supervisor_pid(kName);
            const auto own = fs::read_symlink("/proc/self/ns/net", error);
            const auto its = fs::read_symlink(text::format("/proc/{}/ns/net", supervisor), error);
            return supervisor > 0 && !error && own != its;
        });
        if (supervised) { start_s3(); }
    }
    std::printf("%s%s", up.out.c_str(), up.err.c_str());
    ASSERT_EQ(up.exit_code, 0) << files::read(in("s3.log")).value_or("");
    for (const int repository : {1, 2}) {
        const auto full = LabDriver::wait(kPatience, [&] { return !label("db-1", repository, "full").empty(); });
        ASSERT_TRUE(full.has_value()) << "repository " << repository << "\n"
                                      << lab().exec("db-1", {"ingot-agent", "status"}).out;
    }
    ASSERT_TRUE(lab().wait_healthy(kPatience).has_value());
    broken_ = false;
}

TEST_F(Backups, KeepSecretsFromOtherUsersAndFromTheBackupHost) {
    EXPECT_NE(
        lab().exec("db-1", {"runuser", "-u", "nobody", "--", "cat", "/etc/pgbackrest/pgbackrest.conf"}).exit_code, 0);
    EXPECT_EQ(lab().exec("db-1", {"grep", "-q", "geheim", "/etc/pgbackrest/pgbackrest.conf"}).exit_code, 0);
    EXPECT_EQ(lab().exec("backup-1", {"grep", "-rq", "geheim", "/etc", "/run/ingot"}).exit_code, 1);
}

TEST_F(Backups, AreReadFromAReplica) {
    const auto name = replica();
    ASSERT_FALSE(name.empty());
    const auto before = label(name, 2, "incr");
    const auto made = LabDriver::wait(kPatience, [&] { return label(name, 2, "incr") != before; });
    ASSERT_TRUE(made.has_value()) << lab().exec(name, {"ingot-agent", "status"}).out;
    const auto log = lab().exec(name, {"journalctl", "-u", "ingot-backup", "--output=cat", "--no-pager"});
    EXPECT_NE(log.out.find("replay on the standby reached"), std::string::npos) << log.out;
}

TEST_F(Backups, AreRestoredForATestByAReplica) {
    const auto name = replica();
    ASSERT_EQ(lab().sql("--pool", "CREATE TABLE t AS SELECT generate_series(1, 5000) AS n").exit_code, 0);
    ASSERT_EQ(lab().exec(name, {"ingot-agent", "backup", "test"}).exit_code, 0);
    const auto tested = LabDriver::wait(
        kPatience, [&] { return json::member(status_of(lab().primary()), "restore_test").is_object(); });
    ASSERT_TRUE(tested.has_value()) << lab().exec(name, {"journalctl", "-u", "ingot-restore-test", "--no-pager"}).out;
    const auto status = status_of(lab().primary());
    const auto& test = json::member(status, "restore_test");
    EXPECT_TRUE(json::flag_at(test, "passed")) << json::to_text(test);
    EXPECT_EQ(json::string_at(test, "node"), name);
    EXPECT_EQ(lab().exec(name, {"test", "-e", "/var/lib/postgresql/restore-test"}).exit_code, 1);
}

TEST_F(Backups, HoldSnapshotsOfEtcdFromWhichOneIsMadeAgain) {
    const auto leader = lab().primary();
    for (const int repository : {1, 2}) {
        ASSERT_TRUE(LabDriver::wait(kPatience, [&] { return snapshot_at(repository) > 0; }).has_value())
            << lab().exec(leader, {"ingot-agent", "status"}).out;
        // Encrypted on the db node; whole when it comes back, or there is none.
        const auto file = text::format("/root/snapshot-{}.db", repository);
        const auto fetched =
            lab().exec(leader, {"ingot-agent", "etcd", "fetch-snapshot", file, "--repo", std::to_string(repository)});
        ASSERT_EQ(fetched.exit_code, 0) << fetched.out << fetched.err;
        const auto carried = script(leader, text::format("base64 -w 0 {}", file));
        ASSERT_GT(carried.out.size(), 20'000U);
        const auto again = script("etcd-1", text::format(R"sh(
set -e
cd /root
base64 -d > snapshot.db <<'end'
{}
end
export ETCDCTL_API=3
etcdctl snapshot status snapshot.db
etcdctl snapshot restore snapshot.db --data-dir /root/again > /dev/null 2>&1
systemd-run --quiet --unit=again etcd --data-dir /root/again --listen-client-urls http://127.0.0.1:12379 \
  --advertise-client-urls http://127.0.0.1:12379 --listen-peer-urls http://127.0.0.1:12380
for i in $(seq 100); do
  etcdctl --endpoints http://127.0.0.1:12379 get --prefix --keys-only /service/ 2> /dev/null && break
  sleep 0.1
done
systemctl stop again
rm -rf again snapshot.db
)sh",
                                                         carried.out));
        EXPECT_NE(again.out.find(text::format("/service/{}/initialize", kName)), std::string::npos)
            << "repository " << repository << "\n"
            << again.out << again.err;
    }
    const auto listed = lab().exec(replica(), {"ingot-agent", "etcd", "snapshots"});
    EXPECT_NE(listed.out.find("hour-"), std::string::npos) << listed.out << listed.err;
    EXPECT_NE(listed.out.find("day-"), std::string::npos) << listed.out;
    process::PosixProcesses processes;
    const auto plain = processes.run({.argv = {"grep", "-rlaF", text::format("/service/{}", kName), in("s3")}});
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(plain->out, "") << "what lies in the bucket can be read";
    const auto found = processes.run({.argv = {"find", in("s3"), "-path", "*/etcd/hour-*"}});
    EXPECT_NE(found->out, "");
    const std::vector<std::pair<std::string, std::string>> shown = {{"etcd-1", "in backup repository 1: 20"},
                                                                    {leader, "in repository 1: 20"}};
    for (const auto& one : shown) {
        const auto status = [&] { return lab().exec(one.first, {"ingot-agent", "status"}).out; };
        EXPECT_TRUE(LabDriver::wait(90s, [&] { return status().find(one.second) != std::string::npos; }).has_value())
            << status();
    }
    // From here on one in each minute, for the failover below.
    each_minute_since_ = std::string(text::trim(script(leader, "date +%s").out));
    for (const auto& machine : lab().of_role("db")) {
        script(machine.name, "echo '{\"repository_snapshot_seconds\": 60}' > /etc/ingot/etcd-settings.json");
    }
    const auto first = snapshot_at(2);
    EXPECT_TRUE(LabDriver::wait(kPatience, [&] { return snapshot_at(2) > first; }).has_value());
}

TEST_F(Backups, MakeANewReplicaWithoutThePrimary) {
    // A backup host that is slow to hear of the new machine turns it away at first; that is waited for.
    const auto backup_host = lab().of_role("backup").at(0).name;
    script(backup_host, "systemctl kill --signal=STOP ingot-agent");
    const auto added = lab().lab({"add", "db"});
    ASSERT_EQ(added.exit_code, 0) << added.err;
    const auto name = std::string(text::trim(added.out));
    const auto status = [&] { return lab().exec(name, {"ingot-agent", "status"}).out; };
    EXPECT_TRUE(
        LabDriver::wait(30s, [&] { return status().find("does not know this node yet") != std::string::npos; })
            .has_value())
        << status();
    script(backup_host, "systemctl kill --signal=CONT ingot-agent");
    ASSERT_TRUE(lab().wait_healthy(kPatience).has_value()) << lab().lab({"status"}).out;
    const auto log = lab().exec(name, {"journalctl", "-u", "patroni", "--output=cat", "--no-pager"});
    EXPECT_NE(log.out.find("replica has been created using pgbackrest"), std::string::npos) << log.out;
    ASSERT_EQ(lab().lab({"remove", name}).exit_code, 0);
}

TEST_F(Backups, GoOnAfterAFailoverOnceForEachTime) {
    const auto victim = lab().primary();
    const auto before = starts(1).size();
    ASSERT_EQ(lab().lab({"kill", victim}).exit_code, 0);
    ASSERT_TRUE(LabDriver::wait(120s, [&] {
                    const auto heir = lab().primary();
                    return !heir.empty() && heir != victim;
                }).has_value());
    const auto snapshot = snapshot_at(1);
    const auto made = LabDriver::wait(kPatience, [&] { return starts(1).size() > before; });
    EXPECT_TRUE(made.has_value()) << lab().exec(lab().primary(), {"ingot-agent", "status"}).out;
    EXPECT_TRUE(LabDriver::wait(kPatience, [&] { return snapshot_at(1) > snapshot; }).has_value())
        << lab().exec(lab().primary(), {"ingot-agent", "status"}).out;
    ASSERT_EQ(lab().lab({"start", victim}).exit_code, 0);
    ASSERT_TRUE(lab().wait_healthy(kPatience).has_value()) << lab().lab({"status"}).out;
    for (const int repository : {1, 2}) {
        const auto all = starts(repository);
        // The first one came of itself; each other belongs to the last time of the schedule before it began.
        std::set<clock::WallTime> times;
        const auto slot = *cloud_init::slot_from("every 2m");
        const auto jitter = firstboot::backup::jitter_of(cluster_id_, slot);
        for (std::size_t i = 1; i < all.size(); ++i) {
            const auto time =
                firstboot::backup::last_time(slot, jitter, clock::WallTime(std::chrono::seconds(all[i])));
            EXPECT_TRUE(times.insert(time).second)
                << "repository " << repository << ": two backups for " << clock::to_rfc3339(time);
        }
    }
    // Snapshots of etcd as well: no two of the same minute, whoever made them (24 minutes have names of their own).
    std::set<std::string> snapshots;
    for (const auto& machine : lab().of_role("db")) {
        const auto log = lab().exec(machine.name, {"journalctl", "-u", "ingot-agent",
                                                   "--since=@" + each_minute_since_, "--output=cat", "--no-pager"});
        for (const auto& line : text::lines(log.out)) {
            if (line.find("a snapshot of etcd is in repository") == std::string::npos) { continue; }
            EXPECT_TRUE(snapshots.insert(line.substr(line.find("a snapshot"))).second) << line;
        }
    }
    EXPECT_GE(snapshots.size(), 4U) << "one in each repository before the failover, and one after it";
}

TEST_F(Backups, LetWritesGoOnWhileARepositoryIsAway) {
    stop_s3();
    ASSERT_EQ(lab().sql("--pool", "INSERT INTO t VALUES (-1)").exit_code, 0);
    lab().exec(lab().primary(), {"runuser", "-u", "postgres", "--", "psql", "-c", "SELECT pg_switch_wal()"});
    const auto waits = LabDriver::wait(kPatience, [] {
        return json::number_at(json::member(status_of(lab().primary()), "wal"), "waiting_segments").value_or(0) > 0;
    });
    EXPECT_TRUE(waits.has_value());
    EXPECT_EQ(lab().sql("--pool", "INSERT INTO t VALUES (-2)").exit_code, 0);
    // A member that is started meanwhile does not wait for it either.
    const auto name = replica();
    ASSERT_EQ(lab().lab({"kill", name}).exit_code, 0);
    ASSERT_EQ(lab().lab({"start", name}).exit_code, 0);
    EXPECT_TRUE(lab().wait_healthy(kPatience).has_value()) << lab().exec(name, {"ingot-agent", "status"}).out;
    start_s3();
    const auto archived = LabDriver::wait(kPatience, [] {
        return json::number_at(json::member(status_of(lab().primary()), "wal"), "waiting_segments") == 0;
    });
    EXPECT_TRUE(archived.has_value()) << json::to_text(status_of(lab().primary()));
}

TEST_F(Backups, BringEverythingBackFromTheBucketAloneWhenAllMachinesAreLost) {
    ASSERT_EQ(lab().sql("--pool", "INSERT INTO t SELECT generate_series(10001, 10100)").exit_code, 0);
    const auto leader = lab().primary();
    const auto query = [&](const std::string& machine, const std::string& statement) {
        return std::string(text::trim(lab()
                                          .exec(machine, {"runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-A",
                                                          "-t", "-d", "app", "-c", statement})
                                          .out));
    };
    const auto segment = query(leader, "SELECT pg_walfile_name(pg_switch_wal())");
    ASSERT_TRUE(LabDriver::wait(kPatience,
                                [&] {
                                    return query(leader, text::format(
                                                             "SELECT last_archived_wal >= '{}' FROM pg_stat_archiver",
                                                             segment)) == "t";
                                })
                    .has_value())
        << json::to_text(status_of(leader));
    ASSERT_EQ(lab().lab({"kill", "etcd-1", "db-1", "db-2", "backup-1", "proxy-1"}).exit_code, 0);

    auto again =
        cloud_init::init_cluster({.name = std::string(kName) + "-again"}, clock::SystemClock().now()).value();
    const auto address = made_->cluster.topology.etcd.begin()->second;
    again.cluster.topology = {.etcd = {{"etcd-1", address.substr(0, address.rfind('.')) + ".12"}}, .db = 1};
    const auto derived = cloud_init::restore_from(again, *made_, {});
    ASSERT_TRUE(derived.has_value()) << derived.error().to_string();
    ASSERT_EQ(add(again, cloud_init::Role::etcd), "etcd-2");
    const auto database = add(again, cloud_init::Role::db);
    const auto ready =
        LabDriver::wait(kPatience, [&] { return lab().exec(database, {"ingot-agent", "status"}).exit_code == 0; });
    ASSERT_TRUE(ready.has_value()) << lab().exec(database, {"ingot-agent", "status"}).out;
    EXPECT_EQ(query(database, "SELECT count(*) FROM t"), "5102");
}
