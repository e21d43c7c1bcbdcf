// One cluster from real images, from its first boot to its end. The tests run in the order in which they stand here,
// each on what the one before left. Timings are printed; none is asserted.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <set>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/ledger.hpp"
#include "tests/cluster/leftovers.hpp"
#include "tests/places/places.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::tests;

namespace {

constexpr const char* kName = "cluster-test";

std::string images() {
    const char* told = std::getenv("INGOT_IMAGES");
    return told != nullptr ? told : (source_dir() / "build/images").string();
}

void print_timing(const std::string& what, std::optional<double> seconds) {
    std::printf("timing: %s: %s\n", what.c_str(), seconds ? text::format("{:.1f} s", *seconds).c_str() : "never");
    std::fflush(stdout);
}

std::string first_word(const std::string& output) { return std::string(text::trim(output)); }

class Cluster : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(::geteuid(), 0U) << "cluster tests need root";
        ASSERT_TRUE(files::exists(images() + "/db/root.squashfs"))
            << "build the images first: ingot build db etcd proxy";
        lab_ = new LabDriver(kName, images());
        ledger_ = new Ledger(*lab_);
        lab_->down();
    }
    static void TearDownTestSuite() {
        if (lab_ == nullptr) { return; }
        if (testing::UnitTest::GetInstance()->failed_test_count() > 0) {
            std::printf("%s\n", lab_->lab({"status"}).out.c_str());
        }
        lab_->down();
        delete ledger_;
        delete lab_;
    }
    void SetUp() override {
        if (broken_) { GTEST_SKIP() << "the cluster did not come up"; }
    }

    static LabDriver& lab() { return *lab_; }
    static Ledger& ledger() { return *ledger_; }

    /// Fails with the status table when the machines are not all healthy in time.
    static void expect_healthy(std::chrono::seconds patience, const std::string& what) {
        const auto took = lab().wait_healthy(patience);
        print_timing(what, took);
        EXPECT_TRUE(took.has_value()) << lab().lab({"status"}).out;
    }

    static bool broken_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

  private:
    static LabDriver* lab_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static Ledger* ledger_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
};

bool Cluster::broken_ = false;
LabDriver* Cluster::lab_ = nullptr;
Ledger* Cluster::ledger_ = nullptr;

} // namespace

TEST_F(Cluster, FormsItselfOutOfSevenMachines) {
    broken_ = true;
    const auto up = lab().up();
    std::printf("%s%s", up.out.c_str(), up.err.c_str());
    ASSERT_EQ(up.exit_code, 0);
    const auto machines = lab().status();
    EXPECT_EQ(machines.size(), 7U);
    EXPECT_TRUE(std::ranges::all_of(machines, &MachineView::healthy));
    EXPECT_EQ(std::ranges::count_if(machines, [](const auto& m) { return m.role == "db" && m.leader; }), 1);
    broken_ = false;
}

TEST_F(Cluster, ReadsFromAReplicaWhatWasWrittenThroughThePool) {
    ASSERT_EQ(
        lab().sql("--pool", "CREATE TABLE greeting (text text); INSERT INTO greeting VALUES ('hello')").exit_code, 0);
    const auto seen = LabDriver::wait(
        10s, [] { return first_word(lab().sql("--replica", "SELECT text FROM greeting").out) == "hello"; });
    EXPECT_TRUE(seen.has_value());
    EXPECT_EQ(first_word(lab().sql("--replica", "SELECT pg_is_in_recovery()").out), "t");
    EXPECT_EQ(first_word(lab().sql("--primary", "SELECT pg_is_in_recovery()").out), "f");
    EXPECT_EQ(first_word(lab().sql("--pool", "SELECT pg_is_in_recovery()").out), "f");
}

TEST_F(Cluster, CommitsSynchronously) {
    const auto state = lab().sql("--primary", "SHOW synchronous_standby_names").out;
    EXPECT_FALSE(first_word(state).empty());
}

TEST_F(Cluster, HasAFullBackup) {
    const auto has_full = [] {
        const auto info =
            lab().exec(lab().primary(), {"runuser", "-u", "postgres", "--", "pgbackrest", "info", "--output=json"});
        const auto stanzas = json::parse(info.out);
        if (!stanzas || !stanzas->is_array()) { return false; }
        for (const auto& stanza : *stanzas) {
            for (const auto& backup : json::member(stanza, "backup")) {
                if (json::string_at(backup, "type") == "full" && !json::flag_at(backup, "error")) { return true; }
            }
        }
        return false;
    };
    const auto took = LabDriver::wait(180s, has_full);
    print_timing("first full backup, after the cluster was up", took);
    EXPECT_TRUE(took.has_value()) << lab().exec(lab().primary(), {"ingot-agent", "status"}).out;
}

// The segment in which a timeline ends lies on each member, and its end, which nobody wrote, is another one on each.
// Whoever leads later archives it; the second one is refused, and would archive nothing more. Before any machine is
// removed: its slot keeps WAL from getting old.
TEST_F(Cluster, ArchivesOnAfterSeveralChangesOfTheLeader) {
    const auto first = lab().primary();
    std::vector<std::string> replicas;
    for (const auto& machine : lab().of_role("db")) {
        if (machine.name != first) { replicas.push_back(machine.name); }
    }
    ASSERT_EQ(replicas.size(), 2U);
    const auto sql = [](const std::string& node, const std::string& query) {
        return std::string(
            text::trim(lab().exec(node, {"runuser", "-u", "postgres", "--", "psql", "-XAtc", query}).out));
    };
    // Both replicas are synchronous meanwhile: nobody else may lead after a switchover.
    const auto synchronous = [](int count) {
        lab().exec(lab().primary(), {"patronictl", "-c", "/etc/patroni/config.yml", "edit-config", "--force", "--set",
                                     text::format("synchronous_node_count={}", count)});
    };
    const auto switch_to = [](const std::string& node) {
        const auto ask = [&] { return lab().exec(lab().primary(), {"ingot-agent", "switchover", "--to", node}); };
        EXPECT_TRUE(LabDriver::wait(30s, [&] { return ask().exit_code == 0; }).has_value()) << ask().err;
        EXPECT_EQ(lab().primary(), node);
        expect_healthy(60s, "a switchover to all machines healthy");
    };
    synchronous(2);
    // Until what there was before is old, and none of it is needed any more.
    const auto write_much = [&](const std::string& node) {
        constexpr int kSegments = 14;
        for (int segment = 0; segment < kSegments; ++segment) {
            sql(node, "SELECT pg_logical_emit_message(true, 'test', 'more')");
            sql(node, "SELECT pg_switch_wal()");
        }
        sql(node, "CHECKPOINT");
    };
    switch_to(replicas[0]);
    const auto changed = lab().exec(replicas[1], {"sh", "-c", R"sh(cd /var/lib/postgresql/*/main/pg_wal
set -- $(ls -- *.history | tail -n 1 | xargs tail -n 1)
low=${2#*/}
ends=$(printf '%08X%08X%08X' "$1" "0x${2%/*}" "$((0x$low >> 24))")
printf leftover | dd of="$ends" bs=1 seek=16777200 conv=notrunc,nocreat && echo "$ends")sh"});
    const auto segment = std::string(text::trim(changed.out));
    ASSERT_EQ(segment.size(), 24U) << changed.out << changed.err;
    switch_to(replicas[1]);
    write_much(replicas[1]);
    switch_to(first);
    write_much(first);
    const auto is_left = [&] {
        const auto log = lab().exec(first, {"journalctl", "-u", "patroni", "--output=cat", "--no-pager"}).out;
        return log.find(segment + " is in the archive as another member had it") != std::string::npos;
    };
    EXPECT_TRUE(LabDriver::wait(30s, is_left).has_value())
        << "PostgreSQL did not try to archive " << segment << " or was not refused\n"
        << lab().exec(first, {"sh", "-c", "cd /var/lib/postgresql/*/main/pg_wal && ls -l . archive_status"}).out;
    const auto waiting = [&] {
        return sql(first, "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready'");
    };
    EXPECT_TRUE(LabDriver::wait(60s, [&] { return waiting() == "0"; }).has_value()) << waiting();
    synchronous(1);
}

TEST_F(Cluster, LosesNoAcknowledgedRowWhenTheLeaderLosesPower) {
    ASSERT_TRUE(ledger().open());
    ledger().start();
    ASSERT_TRUE(LabDriver::wait(30s, [] { return ledger().acknowledged() >= 20; }).has_value());
    const auto victim = lab().primary();
    ASSERT_FALSE(victim.empty());
    const auto moment = std::chrono::steady_clock::now();
    ASSERT_EQ(lab().lab({"kill", victim}).exit_code, 0);
    const auto off = std::chrono::steady_clock::now();
    const auto resumed = LabDriver::wait(120s, [&] { return ledger().resumed_after(off).has_value(); });
    ASSERT_TRUE(resumed.has_value()) << lab().lab({"status"}).out;
    print_timing("power loss of the leader to the next committed write",
                 *ledger().resumed_after(off) + std::chrono::duration<double>(off - moment).count());
    const auto before = ledger().acknowledged();
    EXPECT_TRUE(LabDriver::wait(30s, [&] { return ledger().acknowledged() >= before + 20; }).has_value());
    ledger().stop();

    const auto heir = lab().primary();
    EXPECT_NE(heir, victim);
    const auto audit = ledger().audit();
    ASSERT_TRUE(audit.has_value());
    std::printf("ledger: %zu acknowledged, %d present\n", ledger().acknowledged(), audit->present);
    EXPECT_EQ(audit->lost, std::set<int>());
    EXPECT_EQ(audit->doubled, 0);

    ASSERT_EQ(lab().lab({"start", victim}).exit_code, 0);
    expect_healthy(180s, "the old leader is a streaming replica again");
    EXPECT_EQ(lab().primary(), heir);
}

TEST_F(Cluster, TakesInAFourthDbMachineThatServesReads) {
    const auto added = lab().lab({"add", "db"});
    ASSERT_EQ(added.exit_code, 0) << added.err;
    const auto name = first_word(added.out);
    expect_healthy(240s, "an added db machine streams");
    std::string address;
    for (const auto& machine : lab().of_role("db")) {
        if (machine.name == name) { address = machine.address; }
    }
    const auto reads = LabDriver::wait(
        60s, [&] { return first_word(lab().sql("--replica", "SELECT host(inet_server_addr())").out) == address; });
    print_timing("the added machine takes reads, after that", reads);
    EXPECT_TRUE(reads.has_value());
    EXPECT_EQ(lab().of_role("db").size(), 4U);
}

TEST_F(Cluster, ReplacesADbMachineThatDied) {
    // The fourth first, so that three are left; then one of these dies and another takes its place.
    const auto is_replica = [](const MachineView& machine) { return !machine.leader && machine.running; };
    auto machines = lab().of_role("db");
    const auto fourth = std::ranges::find_if(machines, is_replica);
    ASSERT_NE(fourth, machines.end());
    ASSERT_EQ(lab().lab({"remove", fourth->name}).exit_code, 0);
    machines = lab().of_role("db");
    const auto victim = std::ranges::find_if(machines, is_replica);
    ASSERT_NE(victim, machines.end());
    ASSERT_EQ(lab().lab({"kill", victim->name}).exit_code, 0);
    ASSERT_EQ(lab().lab({"add", "db"}).exit_code, 0);
    ASSERT_EQ(lab().lab({"remove", victim->name}).exit_code, 0);
    expect_healthy(240s, "three db machines are healthy after a replacement");
    EXPECT_EQ(lab().of_role("db").size(), 3U);
    const auto audit = ledger().audit();
    ASSERT_TRUE(audit.has_value());
    EXPECT_EQ(audit->lost, std::set<int>());
}

TEST_F(Cluster, ReturnsAfterAllMachinesLostPowerAtOnce) {
    ASSERT_EQ(lab().lab({"kill", "--all"}).exit_code, 0);
    ASSERT_EQ(lab().lab({"start", "--all"}).exit_code, 0);
    const auto writes =
        LabDriver::wait(180s, [] { return lab().sql("--pool", "INSERT INTO ledger VALUES (0)").exit_code == 0; });
    print_timing("all machines without power to the next committed write", writes);
    EXPECT_TRUE(writes.has_value()) << lab().lab({"status"}).out;
    expect_healthy(180s, "all machines healthy, after that");
    const auto audit = ledger().audit();
    ASSERT_TRUE(audit.has_value());
    EXPECT_EQ(audit->lost, std::set<int>());
}

TEST_F(Cluster, LosesNoAcknowledgedRowWhenTheLeaderIsCutOff) {
    ledger().start();
    const auto before = ledger().acknowledged();
    ASSERT_TRUE(LabDriver::wait(30s, [&] { return ledger().acknowledged() >= before + 10; }).has_value());
    const auto victim = lab().primary();
    ASSERT_EQ(lab().lab({"partition", victim}).exit_code, 0);
    const auto cut = std::chrono::steady_clock::now();
    // A row that the old leader acknowledged just before may still be on its way.
    const auto settled = cut + 1s;
    const auto resumed = LabDriver::wait(120s, [&] { return ledger().resumed_after(settled).has_value(); });
    EXPECT_TRUE(resumed.has_value()) << lab().lab({"status"}).out;
    if (resumed) { print_timing("leader cut off to the next committed write", *ledger().resumed_after(settled) + 1); }
    EXPECT_NE(lab().primary(), victim);
    ASSERT_EQ(lab().lab({"heal"}).exit_code, 0);
    expect_healthy(180s, "healed to all machines healthy");
    ledger().stop();
    const auto audit = ledger().audit();
    ASSERT_TRUE(audit.has_value());
    EXPECT_EQ(audit->lost, std::set<int>());
    EXPECT_EQ(audit->doubled, 0);
}

TEST_F(Cluster, EndsWithItsSupervisorAndStartsAgainWithItsData) {
    const int pid = supervisor_pid(kName);
    ASSERT_GT(pid, 0);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
    const auto gone = LabDriver::wait(20s, [] { return leftovers(kName, images(), true).empty(); });
    EXPECT_TRUE(gone.has_value()) << text::join(leftovers(kName, images(), true), "\n");
    const auto status = lab().lab({"status"});
    EXPECT_EQ(status.exit_code, 1);
    EXPECT_NE(status.err.find("is not running"), std::string::npos) << status.err;

    const auto up = lab().up();
    std::printf("%s%s", up.out.c_str(), up.err.c_str());
    ASSERT_EQ(up.exit_code, 0);
    const auto audit = ledger().audit();
    ASSERT_TRUE(audit.has_value());
    EXPECT_EQ(audit->lost, std::set<int>());
}

TEST_F(Cluster, LeavesNothingBehind) {
    const auto down = lab().down();
    EXPECT_EQ(down.exit_code, 0) << down.err;
    EXPECT_EQ(leftovers(kName, images(), false), std::vector<std::string>());
}
