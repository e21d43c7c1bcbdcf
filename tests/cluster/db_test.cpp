// What a database goes through in its life, on one small cluster: restored to a moment in a second cluster, followed
// by a third one that takes over, upgraded by booting newer machines while it is written to, and put on a disk with a
// foreign past. The other clusters stand in the same lab network. The tests run in the order in which they stand
// here.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

#include "cloud-init/cluster/cluster.hpp"
#include "common/clock/clock.hpp"
#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/ledger.hpp"
#include "tests/places/places.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::tests;
using cloud_init::NewCluster;
using cloud_init::Role;

namespace {

constexpr const char* kName = "cluster-db";

std::string images() {
    const char* told = std::getenv("INGOT_IMAGES");
    return told != nullptr ? told : (source_dir() / "build/images").string();
}

std::string trimmed(const std::string& text) { return std::string(text::trim(text)); }

void print_timing(const std::string& what, std::optional<double> seconds) {
    std::printf("timing: %s: %s\n", what.c_str(), seconds ? text::format("{:.1f} s", *seconds).c_str() : "never");
    std::fflush(stdout);
}

class DatabaseLife : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(::geteuid(), 0U) << "cluster tests need root";
        ASSERT_TRUE(files::exists(images() + "/db/root.squashfs"))
            << "build the images first: ingot build db etcd proxy";
        lab_ = new LabDriver(kName, images());
        ledger_ = new Ledger(*lab_);
        folder_ = new files::TempDir(files::TempDir::create("ingot-cluster-db").value());
        own_ = new NewCluster(
            cloud_init::init_cluster({.name = kName, .synchronous = cloud_init::Synchronous::on}, now()).value());
        own_->cluster.topology = {.etcd = {{"etcd-1", "10.0.0.11"}}, .db = 2, .proxy = 1};
        lab_->down();
    }
    static void TearDownTestSuite() {
        if (lab_ == nullptr) { return; }
        if (testing::UnitTest::GetInstance()->failed_test_count() > 0) {
            std::printf("%s\n", lab_->lab({"status"}).out.c_str());
        }
        lab_->down();
        delete own_;
        delete folder_;
        delete ledger_;
        delete lab_;
    }
    void SetUp() override {
        if (broken_) { GTEST_SKIP() << "the cluster did not come up"; }
    }

    static clock::WallTime now() { return clock::SystemClock().now(); }
    static LabDriver& lab() { return *lab_; }
    static Ledger& ledger() { return *ledger_; }
    static NewCluster& own() { return *own_; }
    static std::string file(const std::string& name) { return (folder_->path() / name).string(); }

    /// A machine of another cluster; its name.
    static std::string add(const NewCluster& other, Role role) {
        const auto path = file(text::format("{}-{}.yaml", other.cluster.name, cloud_init::to_string(role)));
        const auto text = cloud_init::render_user_data(other.cluster, other.secrets, role, now());
        EXPECT_TRUE(text.has_value()) << text.error().to_string();
        if (!text || !files::write(path, *text)) { return {}; }
        const auto added = lab().lab({"add", std::string(cloud_init::to_string(role)), "--user-data", path});
        EXPECT_EQ(added.exit_code, 0) << added.err;
        return trimmed(added.out);
    }

    /// The first machines of another cluster: one etcd, one db. The name of the latter. The lab never gives a name
    /// twice, but an address that is free again it does: the second etcd machine's is always this one.
    static std::string found(NewCluster& other) {
        other.cluster.topology = {.etcd = {{"etcd-1", "10.0.0.12"}}, .db = 1};
        const auto etcd = add(other, Role::etcd);
        companions_.push_back(etcd);
        auto database = add(other, Role::db);
        companions_.push_back(database);
        return database;
    }
    static void remove_companions() {
        std::vector<std::string> words{"remove"};
        words.insert(words.end(), companions_.begin(), companions_.end());
        companions_.clear();
        EXPECT_EQ(lab().lab(words).exit_code, 0);
    }

    static std::string agent_says(const std::string& machine) {
        const auto status = lab().exec(machine, {"ingot-agent", "status"});
        return status.out + status.err;
    }
    static bool is_ready(const std::string& machine) {
        return lab().exec(machine, {"ingot-agent", "status"}).exit_code == 0;
    }
    /// SQL as superuser on a machine itself.
    static process::Output sql_on(const std::string& machine, const std::string& statement,
                                  const std::string& database = "app") {
        return lab().exec(machine, {"runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-A", "-t", "-v",
                                    "ON_ERROR_STOP=1", "-d", database, "-c", statement});
    }
    static bool write(const std::string& statement) { return lab().sql("--pool", statement).exit_code == 0; }

    static bool has_full_backup(const std::string& machine) {
        const auto info =
            lab().exec(machine, {"runuser", "-u", "postgres", "--", "pgbackrest", "info", "--output=json"});
        const auto stanzas = json::parse(info.out);
        if (!stanzas || !stanzas->is_array()) { return false; }
        for (const auto& stanza : *stanzas) {
            for (const auto& backup : json::member(stanza, "backup")) {
                if (json::string_at(backup, "type") == "full" && !json::flag_at(backup, "error")) { return true; }
            }
        }
        return false;
    }

    static bool broken_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

  private:
    // NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
    static LabDriver* lab_;
    static Ledger* ledger_;
    static files::TempDir* folder_;
    static NewCluster* own_;
    static std::vector<std::string> companions_;
    // NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
};

bool DatabaseLife::broken_ = false;
LabDriver* DatabaseLife::lab_ = nullptr;
Ledger* DatabaseLife::ledger_ = nullptr;
files::TempDir* DatabaseLife::folder_ = nullptr;
NewCluster* DatabaseLife::own_ = nullptr;
std::vector<std::string> DatabaseLife::companions_;

} // namespace

TEST_F(DatabaseLife, BeginsWithABackup) {
    broken_ = true;
    ASSERT_TRUE(cloud_init::write_new_cluster(file("orders"), own()));
    const auto up = lab().lab({"up", file("orders/cluster.yaml"), "--images", images(), "--timeout", "300"}, 400s);
    std::printf("%s%s", up.out.c_str(), up.err.c_str());
    ASSERT_EQ(up.exit_code, 0);
    const auto took = LabDriver::wait(180s, [] { return has_full_backup(lab().primary()); });
    ASSERT_TRUE(took.has_value()) << agent_says(lab().primary());
    broken_ = false;
}

TEST_F(DatabaseLife, IsRestoredToAMomentWithExactlyTheRowsOfThen) {
    ASSERT_TRUE(write("CREATE TABLE moment (id int); INSERT INTO moment SELECT generate_series(1, 150)"));
    const auto moment =
        trimmed(lab()
                    .sql("--pool",
                         "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US') || '+00'")
                    .out);
    // Later rows, one of them in a transaction of its own, so that there is something to stop before.
    ASSERT_TRUE(write("INSERT INTO moment SELECT generate_series(151, 200)"));
    ASSERT_TRUE(write("DELETE FROM moment WHERE id <= 10"));
    const auto leader = lab().primary();
    const auto segment = trimmed(sql_on(leader, "SELECT pg_walfile_name(pg_switch_wal())").out);
    ASSERT_TRUE(
        LabDriver::wait(120s, [&] {
            return trimmed(
                       sql_on(leader, "SELECT last_archived_wal >= '" + segment + "' FROM pg_stat_archiver").out) ==
                   "t";
        }).has_value());

    auto copy = cloud_init::init_cluster({.name = "cluster-db-again"}, now()).value();
    const auto target = cloud_init::restore_target_from("time", moment);
    ASSERT_TRUE(target.has_value()) << moment;
    ASSERT_TRUE(cloud_init::restore_from(copy, own(), *target));
    const auto database = found(copy);
    const auto ready = LabDriver::wait(240s, [&] { return is_ready(database); });
    print_timing("a cluster restored to a moment is ready", ready);
    ASSERT_TRUE(ready.has_value()) << agent_says(database);
    EXPECT_EQ(trimmed(sql_on(database, "SELECT count(*) || ' ' || min(id) || ' ' || max(id) FROM moment").out),
              "150 1 150");
    EXPECT_EQ(trimmed(sql_on(database, "SELECT pg_is_in_recovery()").out), "f");
    // Nothing of it reads the source's WAL any more.
    EXPECT_TRUE(LabDriver::wait(60s, [&] {
                    return trimmed(sql_on(database,
                                          "SELECT count(*) FROM pg_file_settings WHERE setting LIKE '%source.conf%'")
                                       .out) == "0";
                }).has_value());
    // It has a full backup in a path of its own, and the source's archive is what it was.
    EXPECT_TRUE(LabDriver::wait(400s, [&] { return has_full_backup(database); }).has_value()) << agent_says(database);
    const auto source_path = text::format("/var/lib/pgbackrest/cluster-db-{}", own().cluster.id.substr(0, 8));
    EXPECT_EQ(trimmed(lab().exec(leader, {"find", source_path, "-name", "00000002*"}).out), "");
    remove_companions();
}

TEST_F(DatabaseLife, IsFollowedByAStandbyClusterThatTakesOver) {
    std::string proxy;
    for (const auto& machine : lab().of_role("proxy")) { proxy = machine.address; }
    auto standby = cloud_init::init_cluster({.name = "cluster-db-dr"}, now()).value();
    ASSERT_TRUE(cloud_init::follow(standby, own(), {{.address = proxy, .port = 5000}}, now()));
    const auto database = found(standby);
    const auto ready = LabDriver::wait(240s, [&] { return is_ready(database); });
    print_timing("a standby cluster is ready", ready);
    ASSERT_TRUE(ready.has_value()) << agent_says(database);

    ASSERT_TRUE(write("CREATE TABLE followed AS SELECT 1 AS id"));
    const auto has_row = [&] { return trimmed(sql_on(database, "SELECT id FROM followed").out) == "1"; };
    EXPECT_TRUE(LabDriver::wait(60s, has_row).has_value()) << agent_says(database);
    EXPECT_EQ(trimmed(sql_on(database, "SELECT sender_host FROM pg_stat_wal_receiver").out),
              "primary.cluster-db.internal");

    // Neither by mistake nor while the source takes writes.
    EXPECT_NE(lab().exec(database, {"ingot-agent", "promote-cluster", kName}).exit_code, 0);
    const auto too_early = lab().exec(database, {"ingot-agent", "promote-cluster", "cluster-db-dr"});
    EXPECT_NE(too_early.exit_code, 0);
    EXPECT_NE(too_early.err.find("demote-cluster"), std::string::npos) << too_early.err;

    const auto leader = lab().primary();
    const auto demoted = lab().exec(leader, {"ingot-agent", "demote-cluster", kName});
    ASSERT_EQ(demoted.exit_code, 0) << demoted.out << demoted.err;
    EXPECT_FALSE(write("INSERT INTO followed VALUES (2)"));
    const auto promoted = lab().exec(database, {"ingot-agent", "promote-cluster", "cluster-db-dr"});
    ASSERT_EQ(promoted.exit_code, 0) << promoted.out << promoted.err;
    EXPECT_EQ(sql_on(database, "INSERT INTO followed VALUES (3)").exit_code, 0);
    EXPECT_EQ(trimmed(sql_on(database, "SELECT string_agg(id::text, ' ' ORDER BY id) FROM followed").out), "1 3");
    EXPECT_TRUE(LabDriver::wait(400s, [&] { return has_full_backup(database); }).has_value()) << agent_says(database);
    remove_companions();

    const auto back = lab().exec(leader, {"ingot-agent", "promote-cluster", kName});
    ASSERT_EQ(back.exit_code, 0) << back.out << back.err;
    EXPECT_TRUE(lab().wait_healthy(180s).has_value()) << lab().lab({"status"}).out;
}

TEST_F(DatabaseLife, RefusesAForeignPast) {
    std::string machine;
    for (const auto& each : lab().of_role("db")) {
        if (!each.leader) { machine = each.name; }
    }
    ASSERT_FALSE(machine.empty());
    const auto shell = [&](const std::string& script) { return lab().exec(machine, {"sh", "-ec", script}); };
    ASSERT_EQ(shell("systemctl stop ingot-agent patroni; cd /var/lib/postgresql/17; mv main kept; "
                    "runuser -u postgres -- /usr/lib/postgresql/17/bin/initdb -D main --auth=peer >/dev/null; "
                    "find main -type f -exec sha256sum {} + | sort >/run/before; systemctl start ingot-agent")
                  .exit_code,
              0);
    const auto refused =
        LabDriver::wait(60s, [&] { return agent_says(machine).find("system identifier") != std::string::npos; });
    EXPECT_TRUE(refused.has_value()) << agent_says(machine);
    EXPECT_EQ(shell("cd /var/lib/postgresql/17; find main -type f -exec sha256sum {} + | sort | cmp - /run/before")
                  .exit_code,
              0);
    ASSERT_EQ(shell("systemctl stop ingot-agent; cd /var/lib/postgresql/17; rm -r main; mv kept main; "
                    "systemctl start ingot-agent")
                  .exit_code,
              0);
    EXPECT_TRUE(lab().wait_healthy(120s).has_value()) << lab().lab({"status"}).out;
}

TEST_F(DatabaseLife, IsUpgradedByBootingNewMachinesWithoutAFailedWrite) {
    // The first client after a time without a leader is told so by PgBouncer, and makes it look again
    // (docs/limits.md).
    ASSERT_TRUE(LabDriver::wait(30s, [] { return ledger().open(); }).has_value());
    const auto begin = Ledger::Clock::now();
    const auto old = lab().of_role("db");
    ledger().start();
    for (std::size_t i = 0; i < old.size(); ++i) { ASSERT_EQ(lab().lab({"add", "db"}).exit_code, 0); }
    ASSERT_TRUE(lab().wait_healthy(300s).has_value()) << lab().lab({"status"}).out;
    for (const auto& machine : old) {
        const auto retired =
            lab().lab({"exec", machine.name, "--", "ingot-agent", "retire", "--timeout", "120"}, 180s);
        EXPECT_EQ(retired.exit_code, 0) << retired.out << retired.err;
        std::printf("%s: %s", machine.name.c_str(), retired.out.c_str());
        ASSERT_EQ(lab().lab({"remove", machine.name}).exit_code, 0);
    }
    ASSERT_TRUE(lab().wait_healthy(120s).has_value()) << lab().lab({"status"}).out;
    const auto before = ledger().acknowledged();
    EXPECT_TRUE(LabDriver::wait(60s, [&] { return ledger().acknowledged() >= before + 20; }).has_value());
    ledger().stop();
    const auto audit = ledger().audit();
    ASSERT_TRUE(audit.has_value());
    const auto failures = ledger().failures_since(begin);
    std::printf("rolling upgrade: %zu writes acknowledged, %zu failed\n", ledger().acknowledged(), failures.size());
    EXPECT_EQ(audit->lost, std::set<int>());
    EXPECT_EQ(audit->doubled, 0);
    EXPECT_EQ(failures, std::vector<std::string>());
    EXPECT_EQ(lab().of_role("db").size(), old.size());
}

// As a power cut in the middle of stanza-create leaves it: archive.info and WAL, no backup.info.
TEST_F(DatabaseLife, MendsAStanzaThatWasCutOff) {
    const auto leader = lab().primary();
    const auto folder = text::format("/var/lib/pgbackrest/{}-{}", kName, own().cluster.id.substr(0, 8));
    const auto shell = [&](const std::string& script) { return lab().exec(leader, {"sh", "-ec", script}); };
    const auto archived = text::format(
        "cd {}/archive && find . -type f ! -name 'archive.info*' -exec sha256sum {{}} + >/run/archived", folder);
    // Encrypted anew each time that it is written, with the same key for WAL in it.
    const auto info = [&] {
        return lab()
            .exec(leader, {"runuser", "-u", "postgres", "--", "pgbackrest", text::format("--stanza={}", kName),
                           "repo-get", text::format("archive/{}/archive.info", kName)})
            .out;
    };
    const auto before = info();
    EXPECT_NE(before.find("cipher-pass"), std::string::npos) << before;
    ASSERT_EQ(
        shell(archived + text::format("; mv {0}/backup {0}/kept; systemctl restart ingot-agent", folder)).exit_code,
        0);
    EXPECT_TRUE(LabDriver::wait(180s, [&] { return has_full_backup(leader); }).has_value()) << agent_says(leader);
    // Everything that was archived is there, unchanged.
    const auto kept = shell(text::format("cd {}/archive && sha256sum --check --quiet /run/archived", folder));
    EXPECT_EQ(kept.exit_code, 0) << kept.out << kept.err;
    EXPECT_EQ(info(), before);
    EXPECT_NE(shell("test -e /etc/pgbackrest/scratch.conf -o -e /var/spool/pgbackrest/scratch").exit_code, 0);
}
