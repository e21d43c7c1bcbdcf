// What an operator may ask of the same cluster as in features_test.cpp, which comes before: user-data that changes, a
// delayed replica, backups by hand, a standby cluster, more machines and fewer; and machines and a repository that
// are gone.
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <map>
#include <set>

#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "tests/cluster/features.hpp"
#include "tests/places/places.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::tests;
using cloud_init::Role;
using cloud_init::Synchronous;

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
    take_repository_away(leader);
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
    // Patroni knows how far a leader was by what that one wrote into etcd last, two seconds ago at most.
    constexpr std::int64_t kMaximumLag = 16 << 20;
    ASSERT_TRUE(LabDriver::wait(30s, [&] { return lag_of(fresh).value_or(0) > kMaximumLag; }).has_value());
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
    set_for_all("synchronous_mode", "quorum"); // no leader without it is healthy, by what the cluster file says
    EXPECT_TRUE(lab().wait_healthy(kPatience).has_value()) << lab().lab({"status"}).out;
    EXPECT_EQ(ask(lab().primary(), "SELECT count(*) FROM much"), "80000");

    bring_repository_back(leader);
    remove(fresh);
}

// A replica that was off comes back with WAL of its own past the point at which another one was promoted, and no
// archive tells it of that.
TEST_F(Features, RewindAReplicaThatReplaysPastItsLeadersFork) {
    const auto leader = lab().primary();
    const auto others = replicas();
    const auto& ahead = others.front();
    const auto& heir = others.back();
    ASSERT_NE(ahead, heir);
    take_repository_away(leader);
    set_for_all("synchronous_mode", "false");
    ASSERT_EQ(lab().lab({"partition", leader, heir}).exit_code, 0);
    ASSERT_TRUE(writes_soon(
        "CREATE TABLE ahead AS SELECT g, repeat(md5(g::text), 20) AS t FROM generate_series(1, 10000) g"));
    ASSERT_TRUE(
        LabDriver::wait(30s, [&] { return ask(ahead, "SELECT count(*) FROM ahead") == "10000"; }).has_value());
    std::vector<std::string> words{"kill", leader};
    words.insert(words.end(), others.begin(), others.end() - 1);
    ASSERT_EQ(lab().lab(words).exit_code, 0);
    ASSERT_EQ(lab().lab({"heal"}).exit_code, 0);
    // By then all Patronis know that it leads: one that asks sooner has no answer, and asks again.
    ASSERT_TRUE(writes_soon("CREATE TABLE later AS SELECT 1 AS id"));
    ASSERT_EQ(lab().primary(), heir);

    ASSERT_EQ(lab().lab({"start", ahead}).exit_code, 0);
    const auto follows = LabDriver::wait(kPatience, [&] {
        return ask(ahead, "SELECT status FROM pg_stat_wal_receiver") == "streaming" &&
               ask(ahead, "SELECT id FROM later") == "1" && ask(ahead, "SELECT to_regclass('ahead') IS NULL") == "t";
    });
    EXPECT_TRUE(follows.has_value()) << says(ahead);
    if (follows) { std::printf("a replica past its leader's fork to one that follows: %.1f s\n", *follows); }
    const auto log =
        lab().exec(ahead, {"journalctl", "-b", "-u", "ingot-agent", "-u", "patroni", "--output=cat", "--no-pager"});
    EXPECT_NE(log.out.find("it is restarted, so that it rewinds"), std::string::npos) << log.out;
    words.front() = "start";
    std::erase(words, ahead);
    ASSERT_EQ(lab().lab(words).exit_code, 0);
    set_for_all("synchronous_mode", "quorum");
    EXPECT_TRUE(lab().wait_healthy(kPatience).has_value()) << lab().lab({"status"}).out;
    bring_repository_back(heir);
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
