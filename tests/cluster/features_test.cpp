// What an operator may ask of the databases, and what may happen to them, on one small cluster: one etcd, three db,
// one proxy. Quorum and strict replication, user-data that changes, full disks, etcd away, a delayed replica, a
// repository that is broken, machines that vanish. The tests run in the order in which they stand here.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <map>
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
#include "tests/cluster/ledger.hpp"
#include "tests/cluster/leftovers.hpp"
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
    /// Without goodbye, and until no commit waits for it any more: a leader that is lost before has rows that maybe
    /// nobody else has, and rightly nobody takes over.
    static void remove(const std::string& machine) {
        EXPECT_EQ(lab().lab({"remove", machine}).exit_code, 0) << machine;
        EXPECT_TRUE(LabDriver::wait(60s, [&] { return role_of(machine).empty(); }).has_value());
        EXPECT_TRUE(LabDriver::wait(60s, [&] {
                        return ask(lab().primary(), "SHOW synchronous_standby_names").find(machine) ==
                               std::string::npos;
                    }).has_value());
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
                .exec(lab().primary(),
                      {"curl", "-sk", text::format("https://{}:8008/cluster", address_of(lab().primary()))})
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
        EXPECT_TRUE(LabDriver::wait(20s, [&] {
                        return lab().primary() == machine && ask(machine, "SELECT pg_is_in_recovery()") == "f";
                    }).has_value());
    }
    /// Nothing that was acknowledged is missing; and the table goes, for the next ledger.
    static void expect_whole(Ledger& ledger) {
        const auto audit = ledger.audit();
        ASSERT_TRUE(audit.has_value());
        EXPECT_EQ(audit->lost, std::set<int>());
        EXPECT_EQ(audit->doubled, 0);
        EXPECT_TRUE(writes("DROP TABLE ledger"));
    }
    static FaultReport expect_harmless(const char* name) {
        const auto* const fault = find_fault(name);
        if (fault == nullptr) {
            ADD_FAILURE() << name;
            return {};
        }
        auto report = run_fault(lab(), *fault);
        std::printf(
            "%-30s %5.1f s without a committed write, %5.1f s while it mended, %zu statements failed, %zu rows\n",
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
    const auto up =
        lab().lab({"up", (in("cluster") / "cluster.yaml").string(), "--images", images(), "--timeout", "300"}, 400s);
    std::printf("%s%s", up.out.c_str(), up.err.c_str());
    ASSERT_EQ(up.exit_code, 0);
    broken_ = false;
    const auto leader = lab().primary();
    EXPECT_TRUE(
        LabDriver::wait(30s, [&] { return ask(leader, "SHOW synchronous_standby_names").starts_with("ANY 1 ("); })
            .has_value())
        << ask(leader, "SHOW synchronous_standby_names");
    EXPECT_EQ(
        ask(leader, "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension WHERE extname <> 'plpgsql'"),
        "hstore pg_trgm");
    for (const auto& machine : lab().of_role("db")) {
        EXPECT_EQ(ask(machine.name, "SHOW work_mem"), "8MB");
        EXPECT_EQ(ask(machine.name, "SHOW random_page_cost"), "3");
    }
    EXPECT_TRUE(
        LabDriver::wait(180s,
                        [&] {
                            return lab().exec(leader, {"ingot-agent", "backup", "list"}).out.find("  full  ") !=
                                   std::string::npos;
                        })
            .has_value())
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
    EXPECT_TRUE(LabDriver::wait(90s, [&] {
                    return ledger.longest_pause_since(Ledger::Clock::now() - 1s) < 0.5;
                }).has_value());
    ledger.stop();
    ASSERT_EQ(lab().lab({"start", replica}).exit_code, 0);
    expect_whole(ledger);
}

TEST_F(Features, HaveTheirPoolsBackWithinSecondsWhenTheyAreKilled) {
    const auto report = expect_harmless("pools-killed");
    EXPECT_LT(report.pause, 5.0); // 1.7 s on a machine that has time
}

TEST_F(Features, NeverHaveTwoWritersWhenPatroniIsKilled) { expect_harmless("patroni-killed"); }

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
    const auto empty = [&](const std::string& disk) {
        EXPECT_EQ(shell(small, "rm " + disk + "/ballast").exit_code, 0);
    };

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

TEST_F(Features, AreMadeAnewWhenTheLeadersDataIsDamaged) {
    Ledger ledger(lab());
    ASSERT_TRUE(ledger.open());
    ledger.start();
    ASSERT_TRUE(LabDriver::wait(30s, [&] { return ledger.acknowledged() >= 20; }).has_value());
    const auto leader = lab().primary();
    // Not all of it, so that Patroni does not take it for a new machine, and tries to start it for ever.
    ASSERT_EQ(
        shell(leader, "cd /var/lib/postgresql/17/main; rm global/pg_control; kill -9 $(head -n 1 postmaster.pid)")
            .exit_code,
        0);
    EXPECT_TRUE(LabDriver::wait(90s,
                                [&] {
                                    const auto heir = lab().primary();
                                    return !heir.empty() && heir != leader;
                                })
                    .has_value())
        << lab().lab({"status"}).out;
    EXPECT_TRUE(lab().wait_healthy(kPatience).has_value()) << says(leader);
    EXPECT_NE(
        lab().exec(leader, {"journalctl", "-u", "ingot-agent", "--output=cat", "--no-pager"}).out.find("removing"),
        std::string::npos);
    ledger.stop();
    expect_whole(ledger);
}

TEST_F(Features, KeepACorruptPageToTheMachineThatHasIt) {
    ASSERT_TRUE(writes_soon("CREATE TABLE pages AS SELECT g, repeat('x', 500) AS t FROM generate_series(1, 5000) g"));
    const auto victim = replicas().front();
    const auto file = ask(lab().primary(), "SELECT pg_relation_filepath('pages')");
    ASSERT_TRUE(
        LabDriver::wait(30s, [&] { return ask(victim, "SELECT count(*) FROM pages") == "5000"; }).has_value());
    // So that recovery does not write the page anew.
    const auto end = ask(lab().primary(), "CHECKPOINT; SELECT pg_current_wal_lsn()");
    ASSERT_TRUE(
        LabDriver::wait(30s, [&] { return ask(victim, "SELECT pg_last_wal_replay_lsn() >= '" + end + "'") == "t"; })
            .has_value())
        << end;
    ASSERT_EQ(ask(victim, "CHECKPOINT"), "");
    ASSERT_EQ(shell(victim, text::format("dd if=/dev/urandom of=/var/lib/postgresql/17/main/{} bs=1 seek=100000 "
                                         "count=64 conv=notrunc 2>/dev/null; "
                                         "patronictl -c /etc/patroni/config.yml restart --force {} {}",
                                         file, kName, victim))
                  .exit_code,
              0);
    ASSERT_TRUE(lab().wait_healthy(kPatience).has_value()) << says(victim);
    const auto read = ask(victim, "SELECT count(*), sum(length(t)) FROM pages");
    EXPECT_NE(read.find("invalid page"), std::string::npos) << read;
    for (const auto& machine : lab().of_role("db")) {
        if (machine.name != victim) {
            EXPECT_EQ(ask(machine.name, "SELECT count(*), sum(length(t)) FROM pages"), "5000|2500000");
        }
    }
    ASSERT_EQ(lab()
                  .exec(lab().primary(),
                        {"patronictl", "-c", "/etc/patroni/config.yml", "reinit", "--force", "--wait", kName, victim})
                  .exit_code,
              0);
    ASSERT_TRUE(lab().wait_healthy(kPatience).has_value()) << says(victim);
    EXPECT_EQ(ask(victim, "SELECT count(*), sum(length(t)) FROM pages"), "5000|2500000");
}

// ---- what may be asked ----------------------------------------------------------------------------

// The second run of the agent, on a node of each role: it finds all as it left it.
TEST_F(Features, ChangeNothingWhenTheAgentRunsAgain) {
    // All that may be the agent's, but for etcd's snapshots.
    const auto files_of = [](const std::string& machine) {
        const auto listed =
            shell(machine, "find /etc /var/lib/ingot /root /usr/lib -xdev -path /var/lib/ingot/etcd-snapshots -prune "
                           "-o ! -type d -printf '%p %m %u %g %s %T@\\n' | LC_ALL=C sort");
        const auto lines = text::lines(listed.out);
        return std::set<std::string>(lines.begin(), lines.end());
    };
    // Patroni's own keys change with each WAL record; a proxy registers itself anew, under its new lease.
    const auto keys = [] {
        const auto listed =
            shell("etcd-1", "etcdctl --endpoints=https://10.0.0.11:2379 --cacert=/etc/ingot/pki/ca-etcd.crt "
                            "--cert=/etc/ingot/pki/node.crt --key=/etc/ingot/pki/node.key get --prefix /ingot/ "
                            "--write-out=json");
        std::map<std::string, std::int64_t> revisions;
        const auto answer = json::parse(listed.out).value_or(json::Json());
        for (const auto& entry : json::member(answer, "kvs")) {
            const auto key = json::string_at(entry, "key").value_or("");
            revisions[key] = json::number_at(entry, "mod_revision").value_or(0);
        }
        EXPECT_FALSE(revisions.empty()) << listed.err;
        return revisions;
    };
    const auto leader = lab().primary();
    const std::vector<std::string> machines{"etcd-1", leader, replicas().front()};
    const auto run_again = [&] {
        for (const auto& machine : machines) {
            EXPECT_EQ(shell(machine, "systemctl restart ingot-agent").exit_code, 0);
        }
        EXPECT_TRUE(lab().wait_healthy(kPatience).has_value());
        shell(leader, "sleep 35"); // duties come round at least once
    };
    run_again(); // the first time after the founding: a founder's etcd.env says "existing" from now on
    std::map<std::string, std::set<std::string>> before;
    for (const auto& machine : machines) { before[machine] = files_of(machine); }
    const auto revisions = keys();
    run_again();
    for (const auto& machine : machines) {
        std::vector<std::string> changed;
        std::ranges::set_symmetric_difference(files_of(machine), before[machine], std::back_inserter(changed));
        EXPECT_EQ(changed, std::vector<std::string>()) << machine;
    }
    EXPECT_EQ(keys(), revisions);
    EXPECT_EQ(lab().primary(), leader);
}

TEST_F(Features, FollowChangedUserDataWhenTheyAreToldTo) {
    auto changed = made();
    auto& postgres = changed.cluster.postgres;
    postgres.synchronous = Synchronous::strict;
    postgres.parameters = {{"work_mem", "16MB"}, {"effective_io_concurrency", "7"}};
    postgres.hba = {"hostssl reports reports 10.0.0.0/24 scram-sha-256"};
    postgres.users.emplace_back("reports");
    postgres.databases.push_back({.name = "reports", .owner = "reports", .extensions = {"pgcrypto"}});
    changed.secrets.users["reports"] = cloud_init::draw_user_secret().value();
    const auto fresh = add(changed);
    // Until somebody says so, the cluster stays as it is, and so does the new member.
    EXPECT_TRUE(LabDriver::wait(60s,
                                [&] {
                                    return lab()
                                               .exec(fresh, {"ingot-agent", "doctor"})
                                               .out.find("synchronous is strict here and quorum") !=
                                           std::string::npos;
                                })
                    .has_value())
        << says(fresh);
    EXPECT_EQ(ask(fresh, "SHOW work_mem"), "8MB");
    EXPECT_EQ(ask(fresh, "SHOW random_page_cost"), "3");
    EXPECT_EQ(ask(fresh, "SHOW effective_io_concurrency"), "200");
    const auto refused = lab().exec(fresh, {"ingot-agent", "apply"});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_NE(refused.err.find("does not lead"), std::string::npos) << refused.err;

    let_lead(fresh);
    // Twice, as it may be interrupted.
    for (int time = 0; time < 2; ++time) {
        const auto applied = lab().exec(fresh, {"ingot-agent", "apply"});
        EXPECT_EQ(applied.exit_code, 0) << applied.err;
    }
    for (const auto& machine : lab().of_role("db")) {
        EXPECT_TRUE(LabDriver::wait(60s,
                                    [&] {
                                        return ask(machine.name, "SHOW work_mem") == "16MB" &&
                                               ask(machine.name, "SHOW effective_io_concurrency") == "7" &&
                                               ask(machine.name, "SHOW random_page_cost") == "1.1";
                                    })
                        .has_value())
            << machine.name << ask(machine.name, "SELECT name, setting FROM pg_file_settings");
    }
    EXPECT_EQ(ask(fresh, "SELECT extname FROM pg_extension WHERE extname = 'pgcrypto'", "reports"), "pgcrypto");
    EXPECT_EQ(ask(fresh, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'reports'"), "reports");
    EXPECT_EQ(ask(fresh, "SELECT count(*) FROM pg_hba_file_rules WHERE user_name = '{reports}'"), "1");
    EXPECT_TRUE(LabDriver::wait(40s,
                                [&] {
                                    return lab().exec(fresh, {"ingot-agent", "doctor"}).out.find("db.settings") ==
                                           std::string::npos;
                                })
                    .has_value())
        << says(fresh);
    EXPECT_NE(says(replicas().front()).find("synchronous is quorum here and strict"), std::string::npos);
}

// As the test before left it: strict.
TEST_F(Features, TakeNoWritesWithoutAReplicaWhereThatIsAskedFor) {
    ASSERT_TRUE(writes_soon("CREATE TABLE IF NOT EXISTS strict (id int)"));
    const auto followers = replicas();
    std::vector<std::string> words{"kill"};
    words.insert(words.end(), followers.begin(), followers.end());
    ASSERT_EQ(lab().lab(words).exit_code, 0);
    const auto leader = lab().primary();
    EXPECT_TRUE(
        LabDriver::wait(60s, [&] { return ask(leader, "SHOW synchronous_standby_names") == "*"; }).has_value())
        << ask(leader, "SHOW synchronous_standby_names");
    EXPECT_FALSE(writes("INSERT INTO strict VALUES (1)"));
    EXPECT_EQ(ask(leader, "SELECT pg_is_in_recovery()"), "f"); // reads go on
    words.front() = "start";
    ASSERT_EQ(lab().lab(words).exit_code, 0);
    EXPECT_TRUE(writes_soon("INSERT INTO strict VALUES (2)", 90s));
}

TEST_F(Features, HaveAReplicaThatStaysBehindAndNeverLeads) {
    set_for_all("synchronous_mode", "quorum");
    set_for_all("synchronous_mode_strict", "false");
    auto late = made();
    late.cluster.postgres.delayed = 45s;
    const auto machine = add(late);
    ASSERT_TRUE(writes_soon("CREATE TABLE late AS SELECT now() AS at"));
    EXPECT_EQ(ask(machine, "SELECT count(*) FROM pg_class WHERE relname = 'late'"), "0");
    // It has received it, only not shown it: a failover loses nothing because of it.
    const auto address = address_of(machine);
    for (int reads = 0; reads < 12; ++reads) {
        EXPECT_NE(trimmed(lab().sql("--replica", "SELECT host(inet_server_addr())").out), address);
    }
    const auto refused = lab().exec(machine, {"ingot-agent", "switchover", "--to", machine});
    EXPECT_NE(refused.exit_code, 0);
    EXPECT_NE(refused.err.find("cannot take over"), std::string::npos) << refused.err;
    EXPECT_EQ(role_of(machine), "replica"); // no commit waits for it
    EXPECT_TRUE(LabDriver::wait(60s, [&] {
                    return ask(machine, "SELECT count(*) FROM pg_class WHERE relname = 'late'") == "1";
                }).has_value());
    remove(machine);
}

TEST_F(Features, AreBackedUpAndVerifiedByHand) {
    const auto leader = lab().primary();
    const auto replica = replicas().front();
    const auto count = [&] {
        const auto listed = lab().exec(leader, {"ingot-agent", "backup", "list"}).out;
        return std::ranges::count_if(text::lines(listed),
                                     [](const auto& line) { return line.starts_with("  diff"); });
    };
    const auto before = count();
    ASSERT_EQ(lab().exec(replica, {"ingot-agent", "backup", "now", "--type", "diff"}).exit_code, 0);
    EXPECT_TRUE(LabDriver::wait(kPatience, [&] { return count() > before; }).has_value()) << says(leader);
    const auto verified = lab().exec(replica, {"ingot-agent", "backup", "verify"});
    EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
    EXPECT_NE(verified.out.find("status: ok"), std::string::npos) << verified.out;

    // A byte that turned is found.
    const auto broken =
        shell(leader, "f=$(find /var/lib/pgbackrest -path '*/archive/*' -name '0*.zst' | sort | head -n 1); "
                      "cp -a $f /run/kept; echo $f >/run/which; printf x | "
                      "dd of=$f bs=1 seek=5000 conv=notrunc 2>/dev/null");
    ASSERT_EQ(broken.exit_code, 0) << broken.err;
    const auto found = lab().exec(replica, {"ingot-agent", "backup", "verify"});
    EXPECT_NE(found.exit_code, 0) << found.out;
    EXPECT_NE(found.out.find("checksum invalid: 1"), std::string::npos) << found.out;
    ASSERT_EQ(shell(leader, "cp -a /run/kept $(cat /run/which)").exit_code, 0);
    EXPECT_EQ(lab().exec(replica, {"ingot-agent", "backup", "verify"}).exit_code, 0);
}

TEST_F(Features, LetTheLeaderRetireAndTakeItBack) {
    Ledger ledger(lab());
    ASSERT_TRUE(LabDriver::wait(30s, [&] { return ledger.open(); }).has_value());
    const auto begin = Ledger::Clock::now();
    ledger.start();
    ASSERT_TRUE(LabDriver::wait(30s, [&] { return ledger.acknowledged() >= 20; }).has_value());
    const auto leader = lab().primary();
    const auto retired = lab().exec(leader, {"ingot-agent", "retire", "--timeout", "100"});
    EXPECT_EQ(retired.exit_code, 0) << retired.out << retired.err;
    EXPECT_NE(lab().primary(), leader);
    // Also across a boot.
    ASSERT_EQ(lab().lab({"stop", leader}).exit_code, 0);
    ASSERT_EQ(lab().lab({"start", leader}).exit_code, 0);
    EXPECT_TRUE(
        LabDriver::wait(60s, [&] { return says(leader).find("retire --undo") != std::string::npos; }).has_value())
        << says(leader);
    EXPECT_EQ(role_of(leader), "");
    ASSERT_EQ(lab().exec(leader, {"ingot-agent", "retire", "--undo"}).exit_code, 0);
    EXPECT_TRUE(lab().wait_healthy(kPatience).has_value()) << says(leader);
    ledger.stop();
    EXPECT_EQ(ledger.failures_since(begin), std::vector<std::string>());
    expect_whole(ledger);
}

// Deleted servers say goodbye to nobody.
TEST_F(Features, ForgetAMachineThatIsGoneWithoutGoodbye) {
    // In steps that a test can wait for; for half an hour otherwise.
    set_for_all("member_slots_ttl", "30s");
    const auto gone = add(made());
    const auto address = address_of(gone);
    const auto slot = text::replace_all(gone, "-", "_");
    Ledger ledger(lab());
    ASSERT_TRUE(LabDriver::wait(30s, [&] { return ledger.open(); }).has_value());
    ledger.start();
    ASSERT_TRUE(LabDriver::wait(30s, [&] { return ledger.acknowledged() >= 20; }).has_value());
    ASSERT_EQ(lab().lab({"remove", gone}).exit_code, 0);
    // At once, while its connections still stand: a planned switchover does not wait for it.
    const auto begin = Ledger::Clock::now();
    const auto heir = replicas().front();
    let_lead(heir);
    EXPECT_LT(ledger.longest_pause_since(begin), 15.0);
    EXPECT_EQ(ledger.failures_since(begin), std::vector<std::string>());
    ledger.stop();
    expect_whole(ledger);

    const auto routed = [&] {
        return shell("proxy-1", "grep -c '" + address + ":' /etc/haproxy/haproxy.cfg || true").out;
    };
    EXPECT_TRUE(LabDriver::wait(60s, [&] { return trimmed(routed()) == "0"; }).has_value()) << routed();
    EXPECT_TRUE(LabDriver::wait(90s,
                                [&] {
                                    return ask(lab().primary(),
                                               "SELECT count(*) FROM pg_replication_slots WHERE slot_name = '" +
                                                   slot + "'") == "0";
                                })
                    .has_value())
        << ask(lab().primary(), "SELECT slot_name, active, wal_status FROM pg_replication_slots");
    const auto keys = [&] {
        return shell("etcd-1",
                     "etcdctl --endpoints=https://10.0.0.11:2379 --cacert=/etc/ingot/pki/ca-etcd.crt "
                     "--cert=/etc/ingot/pki/node.crt --key=/etc/ingot/pki/node.key get --prefix / --keys-only | "
                     "grep '/" +
                         gone + "$' || true")
            .out;
    };
    EXPECT_TRUE(LabDriver::wait(60s, [&] { return keys().find("/service/") == std::string::npos; }).has_value())
        << keys();
    std::printf("keys that stay of a machine that is gone:\n%s", keys().c_str());
    set_for_all("member_slots_ttl", "30min");
}

TEST_F(Features, MakeAReplicaOfAnotherOneWhenTheRepositoryIsBroken) {
    const auto leader = lab().primary();
    const auto folder = text::format("/var/lib/pgbackrest/{}-{}", kName, made().cluster.id.substr(0, 8));
    ASSERT_EQ(shell(leader, "mv " + folder + " " + folder + ".away").exit_code, 0);
    // A member that is started meanwhile does not wait for it either.
    const auto started = replicas().back();
    ASSERT_EQ(lab().lab({"kill", started}).exit_code, 0);
    ASSERT_EQ(lab().lab({"start", started}).exit_code, 0);
    const auto fresh = add(made());
    const auto log = lab().exec(fresh, {"journalctl", "-u", "patroni", "--output=cat", "--no-pager"}).out;
    EXPECT_NE(log.find("replica has been created using basebackup"), std::string::npos) << log;

    // Too far behind to lead: what it lacks is in no archive.
    set_for_all("synchronous_mode", "false");
    const auto others = replicas();
    ASSERT_EQ(lab().lab({"partition", leader, fresh}).exit_code, 0);
    ASSERT_TRUE(
        writes_soon("CREATE TABLE much AS SELECT g, repeat(md5(g::text), 20) AS t FROM generate_series(1, 80000) g"));
    std::vector<std::string> words{"kill", leader};
    for (const auto& other : others) {
        if (other != fresh) { words.push_back(other); }
    }
    ASSERT_EQ(lab().lab(words).exit_code, 0);
    ASSERT_EQ(lab().lab({"heal"}).exit_code, 0);
    EXPECT_FALSE(LabDriver::wait(45s, [&] { return ask(fresh, "SELECT pg_is_in_recovery()") == "f"; }).has_value());
    // Away while the others come back: they archive what it lacks, and without synchronous replication it may lead as
    // soon as less than 16 MB are missing.
    ASSERT_EQ(lab().lab({"partition", fresh}).exit_code, 0);
    words.front() = "start";
    ASSERT_EQ(lab().lab(words).exit_code, 0);
    EXPECT_TRUE(LabDriver::wait(kPatience,
                                [&] {
                                    const auto heir = lab().primary();
                                    return !heir.empty() && heir != fresh &&
                                           ask(heir, "SELECT pg_is_in_recovery()") == "f";
                                })
                    .has_value())
        << lab().lab({"status"}).out;
    ASSERT_EQ(lab().lab({"heal"}).exit_code, 0);
    EXPECT_TRUE(lab().wait_healthy(kPatience).has_value()) << lab().lab({"status"}).out;
    EXPECT_EQ(ask(lab().primary(), "SELECT count(*) FROM much"), "80000");

    ASSERT_EQ(shell(leader, "rm -rf " + folder + " && mv " + folder + ".away " + folder).exit_code, 0);
    set_for_all("synchronous_mode", "quorum");
    EXPECT_TRUE(LabDriver::wait(kPatience,
                                [&] {
                                    return lab()
                                               .exec(lab().primary(), {"ingot-agent", "backup", "list"})
                                               .out.find("WAL waiting here: 0") != std::string::npos;
                                })
                    .has_value())
        << says(lab().primary());
    remove(fresh);
}

TEST_F(Features, AreFollowedByAStandbyClusterWithAReplicaOfItsOwn) {
    std::string proxy;
    for (const auto& machine : lab().of_role("proxy")) { proxy = machine.address; }
    auto standby = cloud_init::init_cluster({.name = "features-dr"}, now()).value();
    ASSERT_TRUE(cloud_init::follow(standby, made(), {{.address = proxy, .port = 5000}}, now()));
    standby.cluster.topology = {.etcd = {{"etcd-1", "10.0.0.12"}}, .db = 2};
    const auto etcd = cloud_init::render_user_data(standby.cluster, standby.secrets, Role::etcd, now());
    ASSERT_TRUE(etcd.has_value());
    ASSERT_TRUE(files::write(in("standby-etcd.yaml"), *etcd));
    const auto added = lab().lab({"add", "etcd", "--user-data", in("standby-etcd.yaml").string()});
    ASSERT_EQ(added.exit_code, 0) << added.err;
    const auto text = cloud_init::render_user_data(standby.cluster, standby.secrets, Role::db, now());
    ASSERT_TRUE(text && files::write(in("standby-db.yaml"), *text));
    std::vector<std::string> companions{trimmed(added.out)};
    for (int number = 0; number < 2; ++number) {
        const auto more = lab().lab({"add", "db", "--user-data", in("standby-db.yaml").string()});
        companions.push_back(trimmed(more.out));
        const auto ready = LabDriver::wait(
            kPatience, [&] { return lab().exec(companions.back(), {"ingot-agent", "status"}).exit_code == 0; });
        ASSERT_TRUE(ready.has_value()) << says(companions.back());
    }
    ASSERT_TRUE(writes_soon("CREATE TABLE cascaded AS SELECT 7 AS id"));
    EXPECT_TRUE(
        LabDriver::wait(60s, [&] { return ask(companions.back(), "SELECT id FROM cascaded") == "7"; }).has_value())
        << says(companions.back());
    // From its own leader, not from the source once more.
    EXPECT_EQ(ask(companions.back(), "SELECT sender_host FROM pg_stat_wal_receiver"), address_of(companions.at(1)));
    std::vector<std::string> words{"remove"};
    words.insert(words.end(), companions.begin(), companions.end());
    EXPECT_EQ(lab().lab(words).exit_code, 0);
}

// ---- more and fewer -------------------------------------------------------------------------------

TEST_F(Features, GrowAndShrinkByTheExamplePolicy) {
    const auto policy = [](const std::vector<std::string>& settings) {
        process::PosixProcesses processes;
        const auto script = (source_dir() / "docs/autoscaling/lab.sh").string();
        std::vector<std::string> argv{"env",
                                      std::string("INGOT=") + INGOT_PROGRAM,
                                      std::string("LAB=") + kName,
                                      "FIGURES=" + script + " figures",
                                      "ADD=" + script + " add",
                                      "REMOVE=" + script + " remove",
                                      "PERIOD=1",
                                      "COOLDOWN=1",
                                      "UP=1",
                                      "DOWN=1",
                                      "LOOKS=1"};
        argv.insert(argv.end(), settings.begin(), settings.end());
        argv.push_back((source_dir() / "docs/autoscaling/autoscale").string());
        const auto done = processes.run({.argv = std::move(argv), .timeout = 200s});
        EXPECT_TRUE(done.has_value());
        return done ? done->out + done->err : done.error().to_string();
    };
    const auto before = lab().of_role("db").size();
    const auto fewest = std::to_string(before);
    const auto grown = policy({"MIN=" + fewest, "MAX=" + fewest}); // one of them leads
    EXPECT_EQ(lab().of_role("db").size(), before + 1) << grown;
    ASSERT_TRUE(lab().wait_healthy(kPatience).has_value());
    // It takes reads a moment later.
    EXPECT_TRUE(
        LabDriver::wait(60s, [&] {
            return policy({"MIN=" + fewest, "MAX=" + fewest, "DOWN=99"}).find(fewest + " replicas take reads") !=
                   std::string::npos;
        }).has_value());
    const auto shrunk = policy({"MIN=1", "MAX=" + fewest});
    EXPECT_EQ(lab().of_role("db").size(), before) << shrunk;
    EXPECT_EQ(shrunk.find("without goodbye"), std::string::npos) << shrunk;
}

TEST_F(Features, TakeInTenReplicasAtOnce) {
    constexpr int kMany = 10;
    std::vector<std::string> words{"remove"};
    for (int number = 0; number < kMany; ++number) {
        const auto added = lab().lab({"add", "db"});
        ASSERT_EQ(added.exit_code, 0) << added.err;
        words.push_back(trimmed(added.out));
    }
    const auto all = lab().wait_healthy(600s);
    EXPECT_TRUE(all.has_value()) << lab().lab({"status"}).out;
    if (all) { std::printf("ten replicas at once, to all streaming: %.0f s\n", *all); }
    EXPECT_EQ(ask(lab().primary(), "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'"),
              std::to_string(lab().of_role("db").size() - 1));
    EXPECT_EQ(lab().lab(words).exit_code, 0);
}
