// A small cluster is what its user-data says; and what may happen to it: machines that vanish, full disks, a leader
// that hangs, etcd away, data that is damaged.
#include <cstdio>

#include "common/text/text.hpp"
#include "tests/cluster/features.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::tests;

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
    // Nor does it keep the others from leading when PostgreSQL hangs on it: with a checkpointer that stands still,
    // neither the checkpoint before the switchover nor the shutdown would end.
    let_lead(small);
    ASSERT_EQ(shell(small, "kill -STOP " + ask(small, "SELECT pid FROM pg_stat_activity "
                                                      "WHERE backend_type = 'checkpointer'"))
                  .exit_code,
              0);
    fill("/var/lib/postgresql");
    const auto freed = LabDriver::wait(180s, [&] {
        const auto leader = lab().primary();
        return !leader.empty() && leader != small && ask(leader, "SELECT pg_is_in_recovery()") == "f";
    });
    EXPECT_TRUE(freed.has_value()) << says(small);
    if (freed) { std::printf("a leader that is full and hangs to another leader: %.1f s\n", *freed); }
    const auto log = lab().exec(small, {"journalctl", "-u", "ingot-agent", "--output=cat", "--no-pager"}).out;
    EXPECT_NE(log.find("Patroni's checkpoint has not ended in 30 s"), std::string::npos) << log;
    empty("/var/lib/postgresql");
    ASSERT_TRUE(lab().wait_healthy(kPatience).has_value()) << says(small);

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
