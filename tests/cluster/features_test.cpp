// What an operator may ask of the databases, and what may happen to them, on one small cluster: one etcd, three db, one
// proxy. Quorum and strict replication, user-data that changes, full disks, etcd away, a delayed replica, a repository
// that is broken, machines that vanish. The tests run in the order in which they stand here.
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
#include "tests/cluster/faults.hpp"
#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/leftovers.hpp"
#include "tests/cluster/ledger.hpp"
#include "tests/places/places.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::tests;
using cloud_init::NewCluster;
using cloud_init::Role;
using cloud_init::Synchronous;

namespace {

constexpr const char* kName = "features";
constexpr auto kPatience = 120s;

std::string images() {
    const char* told = std::getenv("INGOT_IMAGES");
    return told != nullptr ? told : (source_dir() / "build/images").string();
}

std::string trimmed(const std::string& text) { return std::string(text::trim(text)); }

class Features : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(::geteuid(), 0U) << "cluster tests need root";
        ASSERT_TRUE(files::exists(images() + "/db/root.squashfs"))
            << "build the images first: ingot build db etcd proxy";
        lab_ = new LabDriver(kName, images());
        folder_ = new files::TempDir(files::TempDir::create("ingot-features-").value());
        made_ = new NewCluster(
            cloud_init::init_cluster({.name = kName, .synchronous = Synchronous::quorum}, now()).value());
        auto& cluster = made_->cluster;
        cluster.topology = {.etcd = {{"etcd-1", "10.0.0.11"}}, .db = 3, .proxy = 1};
        cluster.postgres.parameters = {{"work_mem", "8MB"}, {"random_page_cost", "3"}};
        cluster.postgres.databases.front().extensions = {"pg_trgm", "hstore"};
        lab_->down();
    }
    static void TearDownTestSuite() {
        if (lab_ == nullptr) { return; }
        if (testing::UnitTest::GetInstance()->failed_test_count() > 0) {
            std::printf("%s\n", lab_->lab({"status"}).out.c_str());
        }
        lab_->down();
        EXPECT_EQ(leftovers(kName, images(), false), std::vector<std::string>());
        delete made_;
        delete folder_;
        delete lab_;
    }
    void SetUp() override {
        if (broken_) { GTEST_SKIP() << "the cluster did not come up, or did not heal"; }
    }
    /// Each test begins with a healthy cluster; without one, those that follow say nothing.
    void TearDown() override {
        if (!broken_ && !lab().wait_healthy(kPatience)) {
            broken_ = true;
            ADD_FAILURE() << lab().lab({"status"}).out;
        }
    }

    static clock::WallTime now() { return clock::SystemClock().now(); }
    static LabDriver& lab() { return *lab_; }
    static NewCluster& made() { return *made_; }
    static std::filesystem::path in(const std::string& name) { return folder_->path() / name; }

    /// One more db machine, whose user-data follows from `cluster`, with `more` below it; its name.
    static std::string add(const NewCluster& cluster, const std::string& more = {}) {
        const auto text = cloud_init::render_user_data(cluster.cluster, cluster.secrets, Role::db, now());
        EXPECT_TRUE(text.has_value()) << text.error().to_string();
        if (!text || !files::write(in("added.yaml"), *text + more)) { return {}; }
        const auto added = lab().lab({"add", "db", "--user-data", in("added.yaml").string()});
        EXPECT_EQ(added.exit_code, 0) << added.err;
        const auto name = trimmed(added.out);
        EXPECT_TRUE(lab().wait_healthy(kPatience).has_value()) << says(name);
        return name;
    }
    static void remove(const std::string& machine) {
        EXPECT_EQ(lab().lab({"remove", machine}).exit_code, 0) << machine;
    }

    static std::string says(const std::string& machine) {
        const auto status = lab().exec(machine, {"ingot-agent", "status"});
        return status.out + status.err;
    }
    static process::Output shell(const std::string& machine, const std::string& script) {
        return lab().exec(machine, {"sh", "-ec", script});
    }
    /// SQL as superuser on a machine itself.
    static std::string ask(const std::string& machine, const std::string& statement,
                           const std::string& database = "app") {
        const auto answer = lab().exec(machine, {"runuser", "-u", "postgres", "--", "psql", "-X", "-q", "-A", "-t",
                                                 "-d", database, "-c", statement});
        return trimmed(answer.out + answer.err);
    }
    /// What the members of the cluster are, by Patroni.
    static std::string role_of(const std::string& machine) {
        const auto cluster = json::parse(
            lab()
                .exec(lab().primary(), {"curl", "-sk", text::format("https://{}:8008/cluster", address_of(lab().primary()))})
                .out);
        if (!cluster) { return {}; }
        for (const auto& member : json::member(*cluster, "members")) {
            if (json::string_at(member, "name") == machine) { return json::string_at(member, "role").value_or(""); }
        }
        return {};
    }
    static std::string address_of(const std::string& machine) {
        for (const auto& each : lab().status()) {
            if (each.name == machine) { return each.address; }
        }
        return {};
    }
    static std::vector<std::string> replicas() {
        std::vector<std::string> names;
        for (const auto& machine : lab().of_role("db")) {
            if (machine.running && !machine.leader) { names.push_back(machine.name); }
        }
        return names;
    }
    /// Patroni's shared configuration, for what user-data does not offer.
    static void set_for_all(const std::string& key, const std::string& value) {
        const auto done = lab().exec(lab().primary(), {"patronictl", "-c", "/etc/patroni/config.yml", "edit-config",
                                                       "--force", "--set", text::format("{}={}", key, value)});
        ASSERT_EQ(done.exit_code, 0) << done.out << done.err;
    }
    static bool writes(const std::string& statement) { return lab().sql("--pool", statement).exit_code == 0; }
    static bool writes_soon(const std::string& statement, std::chrono::seconds patience = 60s) {
        return LabDriver::wait(patience, [&] { return writes(statement); }).has_value();
    }
    /// `ingot-agent switchover`, as soon as the candidate may lead.
    static void let_lead(const std::string& machine) {
        process::Output done;
        EXPECT_TRUE(LabDriver::wait(60s,
                                    [&] {
                                        done = lab().exec(machine, {"ingot-agent", "switchover", "--to", machine});
                                        return done.exit_code == 0;
                                    })
                        .has_value())
            << done.out << done.err;
        EXPECT_TRUE(LabDriver::wait(20s, [&] { return lab().primary() == machine; }).has_value());
    }
    /// Nothing that was acknowledged is missing.
    static void expect_whole(Ledger& ledger) {
        const auto audit = ledger.audit();
        ASSERT_TRUE(audit.has_value());
        EXPECT_EQ(audit->lost, std::set<int>());
        EXPECT_EQ(audit->doubled, 0);
    }
    static FaultReport expect_harmless(const char* name) {
        const auto* const fault = find_fault(name);
        if (fault == nullptr) {
            ADD_FAILURE() << name;
            return {};
        }
        auto report = run_fault(lab(), *fault);
        std::printf("%-30s %5.1f s without a committed write, %5.1f s while it mended, %zu statements failed, %zu rows\n",
                    std::string(fault->title).c_str(), report.pause, report.pause_of_mending, report.failed,
                    report.acknowledged);
        std::fflush(stdout);
        EXPECT_EQ(violations(*fault, report), "") << text::join(report.failures, "\n") << lab().lab({"status"}).out;
        return report;
    }

    static bool broken_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

  private:
    // NOLINTBEGIN(cppcoreguidelines-avoid-non-const-global-variables)
    static LabDriver* lab_;
    static files::TempDir* folder_;
    static NewCluster* made_;
    // NOLINTEND(cppcoreguidelines-avoid-non-const-global-variables)
};

bool Features::broken_ = false;
LabDriver* Features::lab_ = nullptr;
files::TempDir* Features::folder_ = nullptr;
NewCluster* Features::made_ = nullptr;

} // namespace

TEST_F(Features, AreWhatTheUserDataSays) {
    broken_ = true;
    ASSERT_TRUE(cloud_init::write_new_cluster(in("cluster"), made()));
    const auto up = lab().lab(
        {"up", (in("cluster") / "cluster.yaml").string(), "--images", images(), "--timeout", "300"}, 400s);
    std::printf("%s%s", up.out.c_str(), up.err.c_str());
    ASSERT_EQ(up.exit_code, 0);
    broken_ = false;
    const auto leader = lab().primary();
    EXPECT_TRUE(LabDriver::wait(30s, [&] {
                    return ask(leader, "SHOW synchronous_standby_names").starts_with("ANY 1 (");
                }).has_value())
        << ask(leader, "SHOW synchronous_standby_names");
    EXPECT_EQ(ask(leader, "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension WHERE extname <> 'plpgsql'"),
              "hstore pg_trgm");
    for (const auto& machine : lab().of_role("db")) {
        EXPECT_EQ(ask(machine.name, "SHOW work_mem"), "8MB");
        EXPECT_EQ(ask(machine.name, "SHOW random_page_cost"), "3");
    }
    EXPECT_TRUE(LabDriver::wait(180s, [&] {
                    return lab().exec(leader, {"ingot-agent", "backup", "list"}).out.find("  full  ") !=
                           std::string::npos;
                }).has_value())
        << says(leader);
}

// ---- what may happen ------------------------------------------------------------------------------

TEST_F(Features, LoseNoRowOfAQuorumWithTheLeadersMachine) {
    const auto before = lab().primary();
    expect_harmless("leader-killed");
    EXPECT_NE(lab().primary(), before);
}

TEST_F(Features, GoOnWithoutEtcdForMinutesAsIfNothingWere) {
    const auto leader = lab().primary();
    const auto timeline = ask(leader, "SELECT timeline_id FROM pg_control_checkpoint()");
    const auto report = expect_harmless("etcd-away");
    EXPECT_EQ(report.failures, std::vector<std::string>());
    EXPECT_EQ(lab().primary(), leader);
    EXPECT_EQ(ask(leader, "SELECT timeline_id FROM pg_control_checkpoint()"), timeline);
}

TEST_F(Features, StopTakingWritesWhenEtcdAndAReplicaAreGone) {
    Ledger ledger(lab());
    ASSERT_TRUE(ledger.open());
    ledger.start();
    ASSERT_TRUE(LabDriver::wait(30s, [&] { return ledger.acknowledged() >= 20; }).has_value());
    const auto leader = lab().primary();
    const auto replica = replicas().front();
    ASSERT_EQ(lab().lab({"kill", "etcd-1", replica}).exit_code, 0);
    // It cannot know whether the other side has elected another leader meanwhile, and nobody may write there either.
    const auto stopped = LabDriver::wait(60s, [&] { return ask(leader, "SELECT pg_is_in_recovery()") == "t"; });
    EXPECT_TRUE(stopped.has_value());
    if (stopped) { std::printf("etcd and a replica gone to no more writes: %.1f s\n", *stopped); }
    EXPECT_FALSE(writes("SELECT 1"));
    // etcd alone is enough to go on.
    ASSERT_EQ(lab().lab({"start", "etcd-1"}).exit_code, 0);
    EXPECT_TRUE(LabDriver::wait(90s, [&] { return ledger.longest_pause_since(Ledger::Clock::now() - 1s) < 0.5; })
                    .has_value());
    ledger.stop();
    ASSERT_EQ(lab().lab({"start", replica}).exit_code, 0);
    expect_whole(ledger);
}

TEST_F(Features, HaveTheirPoolsBackWithinSecondsWhenTheyAreKilled) {
    const auto report = expect_harmless("pools-killed");
    EXPECT_LT(report.pause, 2.0);
}

TEST_F(Features, GoOnWhenOnlyLeaderAndAReplicaAreParted) { expect_harmless("replica-parted"); }

TEST_F(Features, LeadElsewhereWhenTheLeadersDiskIsFull) {
    // Data on a small disk of its own, mounted by the user-data, and the WAL on another.
    const auto small = add(made(), "mounts:\n"
                                   "  - [tmpfs, /var/lib/postgresql, tmpfs, 'size=600m,mode=755']\n"
                                   "  - [tmpfs, /var/lib/postgresql-wal, tmpfs, 'size=500m,mode=755']\n");
    EXPECT_EQ(trimmed(shell(small, "readlink -f /var/lib/postgresql/17/main/pg_wal").out),
              "/var/lib/postgresql-wal/17/main");
    const auto fill = [&](const std::string& disk) {
        shell(small, "dd if=/dev/zero of=" + disk + "/ballast bs=1M 2>/dev/null || true");
        const auto left = shell(small, "df --output=avail " + disk + " | tail -n 1");
        EXPECT_EQ(trimmed(left.out), "0");
    };
    const auto empty = [&](const std::string& disk) { EXPECT_EQ(shell(small, "rm " + disk + "/ballast").exit_code, 0); };

    // As a replica it stops following; the others do not notice, and it goes on as soon as there is room.
    fill("/var/lib/postgresql-wal");
    EXPECT_TRUE(writes_soon("CREATE TABLE big AS SELECT g, repeat('x', 500) AS t FROM generate_series(1, 60000) g"));
    EXPECT_TRUE(
        LabDriver::wait(30s, [&] { return says(small).find("takes no writes") != std::string::npos; }).has_value())
        << says(small);
    EXPECT_NE(lab().exec(small, {"ingot-agent", "doctor"}).out.find("a full disk stops the database"),
              std::string::npos);
    empty("/var/lib/postgresql-wal");
    ASSERT_TRUE(lab().wait_healthy(kPatience).has_value()) << says(small);

    Ledger ledger(lab());
    ASSERT_TRUE(ledger.open());
    ledger.start();
    for (const std::string disk : {"/var/lib/postgresql", "/var/lib/postgresql-wal"}) {
        SCOPED_TRACE(disk);
        let_lead(small);
        if (lab().primary() != small) { break; }
        fill(disk);
        const auto moved = LabDriver::wait(60s, [&] {
            const auto leader = lab().primary();
            return !leader.empty() && leader != small;
        });
        EXPECT_TRUE(moved.has_value()) << says(small);
        EXPECT_TRUE(writes_soon("INSERT INTO big SELECT g, repeat('x', 500) FROM generate_series(1, 20000) g"));
        if (moved) { std::printf("%s of the leader is full to another leader: %.1f s\n", disk.c_str(), *moved); }
        // Neither lost nor made anew: it follows again once there is room.
        empty(disk);
        ASSERT_TRUE(lab().wait_healthy(kPatience).has_value()) << says(small);
        // So soon after it has handed over, it does not do so again.
        ASSERT_EQ(shell(small, "systemctl restart ingot-agent").exit_code, 0);
    }
    ledger.stop();
    expect_whole(ledger);
    EXPECT_EQ(ask(small, "SELECT count(*) FROM big"), ask(lab().primary(), "SELECT count(*) FROM big"));
    remove(small);
}
