// Membership of etcd with the real daemons: every way in which machines come, go, lose their disks and return.
// The tests run in the order in which they stand here, each on what the one before left. After each: who is a
// member, that there is a quorum and no learner left behind, and that every key that was ever written is there.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/text/text.hpp"
#include "tests/cluster/etcd_lab.hpp"
#include "tests/places/places.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::tests;

namespace {

constexpr auto kPatience = 150s;

std::string images() {
    const char* told = std::getenv("INGOT_IMAGES");
    return told != nullptr ? told : (source_dir() / "build/images").string();
}

/// With INGOT_THOROUGH=1: every crash point, not only those that have gone wrong in other projects.
bool is_thorough() { return std::getenv("INGOT_THOROUGH") != nullptr; }

class Etcd : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(::geteuid(), 0U) << "cluster tests need root";
        ASSERT_TRUE(files::exists(images() + "/etcd/root.squashfs"))
            << "build the images first: ingot build db etcd proxy";
        const char* const name = std::getenv("INGOT_LAB_NAME");
        lab_ = new EtcdLab(name == nullptr ? "etcd-test" : name, images());
        ready_ = lab_->prepare({});
    }
    static void TearDownTestSuite() {
        if (lab_ == nullptr) { return; }
        lab_->down();
        delete lab_;
        lab_ = nullptr;
    }
    void SetUp() override {
        if (!ready_) { GTEST_SKIP() << "the lab did not come up, or the cluster is broken since an earlier test"; }
        start_ = std::chrono::steady_clock::now();
    }
    void TearDown() override {
        const auto took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
        std::printf("timing: %s: %.1f s\n", testing::UnitTest::GetInstance()->current_test_info()->name(), took);
        if (HasFailure()) {
            std::printf("%s\n", lab().driver().lab({"status"}).out.c_str());
            for (const auto& machine : lab().driver().of_role("etcd")) {
                std::printf("---- %s\n%s\n", machine.name.c_str(),
                            lab()
                                .driver()
                                .exec(machine.name,
                                      {"journalctl", "-u", "ingot-agent", "-n", "40", "--no-pager", "-o", "cat"})
                                .out.c_str());
            }
        }
        std::fflush(stdout);
    }

    static EtcdLab& lab() { return *lab_; }
    static void expect_whole(const std::vector<std::string>& machines) {
        const auto problem = lab().whole(machines, kPatience);
        EXPECT_EQ(problem, "");
        ready_ = ready_ && problem.empty();
    }
    /// A new disk in the same machine, with the same user-data.
    static void wipe_and_start(const std::vector<std::string>& machines, const std::string& option = {}) {
        ASSERT_TRUE(lab().order("wipe", machines));
        ASSERT_TRUE(lab().start(machines, option));
    }
    static std::string leader() {
        for (const auto& machine : lab().driver().of_role("etcd")) {
            if (machine.leader && machine.running) { return machine.name; }
        }
        return {};
    }
    /// The agent was ended at the point that was asked for; systemd starts it again.
    static bool agent_was_ended(const std::string& machine) {
        return LabDriver::wait(90s,
                               [&] {
                                   const auto shown =
                                       lab().driver().exec(machine, {"systemctl", "show", "--property=NRestarts",
                                                                     "--value", "ingot-agent"});
                                   return text::to_number(text::trim(shown.out)).value_or(0) > 0;
                               })
            .has_value();
    }

    static bool ready_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

  private:
    static EtcdLab* lab_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    std::chrono::steady_clock::time_point start_{};
};

bool Etcd::ready_ = false;
EtcdLab* Etcd::lab_ = nullptr;

const std::vector<std::string> kFounders = {"etcd-1", "etcd-2", "etcd-3"};

} // namespace

TEST_F(Etcd, FoundsItselfInEveryOrderAndNeverWithOneMissing) {
    auto order = kFounders;
    std::set<std::string> clusters;
    do {
        SCOPED_TRACE(text::join(order, " "));
        ASSERT_TRUE(lab().order("wipe", kFounders));
        ASSERT_TRUE(lab().start({order[0]}));
        EXPECT_EQ(lab().says(order[0], "waiting for " + std::min(order[1], order[2]), 60s), "");
        ASSERT_TRUE(lab().start({order[1]}));
        EXPECT_EQ(lab().says(order[1], "waiting for " + order[2], 60s), "");
        ASSERT_TRUE(lab().start({order[2]}));
        expect_whole(kFounders);
        // The same machines, the same user-data, other disks: never again the same cluster.
        EXPECT_TRUE(clusters.insert(lab().cluster_id(order[0])).second);
    } while (ready_ && std::ranges::next_permutation(order).found);
    ASSERT_TRUE(lab().write_keys("etcd-1", "founded"));
}

TEST_F(Etcd, FoundsThroughPowerCutsAtEveryStep) {
    const std::vector<std::string> all = {"virgin", "prepared", "committed", "started", "running", "member"};
    const std::vector<std::string> few = {"committed"};
    for (const auto& point : is_thorough() ? all : few) {
        SCOPED_TRACE(point);
        ASSERT_TRUE(lab().prepare({}));
        ASSERT_TRUE(lab().start({"etcd-1"}, "systemd.setenv=INGOT_CRASH_AT=" + point));
        ASSERT_TRUE(lab().start({"etcd-2", "etcd-3"}));
        EXPECT_TRUE(agent_was_ended("etcd-1"));
        ASSERT_TRUE(lab().order("kill", {"etcd-1"}));
        ASSERT_TRUE(lab().start({"etcd-1"}));
        expect_whole(kFounders);
    }
    ASSERT_TRUE(lab().write_keys("etcd-1", "founded again"));
}

TEST_F(Etcd, TakesAMachineBackWhoseDiskWasLost) {
    const auto before = lab().cluster_id("etcd-1");
    wipe_and_start({"etcd-3"});
    expect_whole(kFounders);
    EXPECT_EQ(lab().cluster_id("etcd-3"), before);
}

TEST_F(Etcd, JoinsThroughPowerCutsAtEveryStep) {
    const std::vector<std::string> all = {"taken-out", "added", "joining", "started", "running", "member"};
    const std::vector<std::string> few = {"added", "started"};
    for (const auto& point : is_thorough() ? all : few) {
        SCOPED_TRACE(point);
        wipe_and_start({"etcd-2"}, "systemd.setenv=INGOT_CRASH_AT=" + point);
        EXPECT_TRUE(agent_was_ended("etcd-2"));
        ASSERT_TRUE(lab().order("kill", {"etcd-2"}));
        ASSERT_TRUE(lab().start({"etcd-2"}));
        expect_whole(kFounders);
    }
}

TEST_F(Etcd, PutsAMachineOfAnotherNameAndAddressInThePlaceOfADeadOne) {
    ASSERT_TRUE(lab().order("kill", {"etcd-2"}));
    const auto name = lab().add();
    ASSERT_FALSE(name.empty());
    EXPECT_EQ(lab().says(name, "this machine takes its place", 60s), "");
    ASSERT_TRUE(lab().be_impatient(name));
    expect_whole({"etcd-1", "etcd-3", name});
    ASSERT_TRUE(lab().write_keys(name, "replaced"));

    // The dead one returns: it is no member any more, its data does not come back with it.
    ASSERT_TRUE(lab().start({"etcd-2"}));
    EXPECT_EQ(lab().says("etcd-2", "a spare: the cluster has 3 voters", kPatience), "");
    expect_whole({"etcd-1", "etcd-3", name});
    // And it takes over again when the other one goes.
    ASSERT_TRUE(lab().be_impatient("etcd-2"));
    ASSERT_TRUE(lab().order("remove", {name}));
    expect_whole(kFounders);
}

TEST_F(Etcd, RefusesAMachineWithTheNameOfALivingOne) {
    const auto name = lab().add("etcd", "etcd-1");
    ASSERT_FALSE(name.empty());
    EXPECT_EQ(lab().says(name, "failed: etcd-1 is a member already and answers at", 90s), "");
    ASSERT_TRUE(lab().order("remove", {name}));
    expect_whole(kFounders);
}

TEST_F(Etcd, RefusesDataThatItDoesNotKnow) {
    auto& driver = lab().driver();
    ASSERT_EQ(driver
                  .exec("etcd-3", {"sh", "-c",
                                   "systemctl stop ingot-agent ingot-etcd && rm /var/lib/ingot/etcd.json && "
                                   "systemctl start ingot-agent"})
                  .exit_code,
              0);
    EXPECT_EQ(lab().says("etcd-3", "failed: there is an etcd log on this disk", 60s), "");
    // The log is left as it was.
    EXPECT_EQ(driver.exec("etcd-3", {"sh", "-c", "ls /var/lib/ingot-etcd/member/wal/*.wal"}).exit_code, 0);
    wipe_and_start({"etcd-3"});
    expect_whole(kFounders);
}

TEST_F(Etcd, GoesOnWhenOneIsCutOffBeItTheLeader) {
    for (const bool of_leader : {false, true}) {
        SCOPED_TRACE(of_leader);
        const auto old = leader();
        ASSERT_FALSE(old.empty());
        const auto victim = of_leader ? old : old == "etcd-1" ? std::string("etcd-2") : std::string("etcd-1");
        const auto other = victim == "etcd-3" ? std::string("etcd-2") : std::string("etcd-3");
        ASSERT_TRUE(lab().order("partition", {victim}));
        ASSERT_TRUE(lab().write_keys(other, of_leader ? "leader cut off" : "follower cut off"));
        ASSERT_TRUE(lab().order("heal", {}));
        expect_whole(kFounders);
    }
}

TEST_F(Etcd, ReturnsAfterTheMajorityLostPower) {
    ASSERT_TRUE(lab().order("kill", {"etcd-1", "etcd-2"}));
    // The one that is left keeps its data, and does nothing about it.
    EXPECT_EQ(lab().missing_keys("etcd-3", true), std::set<std::string>());
    ASSERT_TRUE(lab().start({"etcd-1", "etcd-2"}));
    expect_whole(kFounders);
}

TEST_F(Etcd, SurvivesAFullDiskOfOne) {
    auto& driver = lab().driver();
    constexpr const char* kSmallDisk =
        "systemctl stop ingot-agent ingot-etcd && mv /var/lib/ingot-etcd /var/lib/kept && mkdir /var/lib/ingot-etcd "
        "&& "
        "mount -t tmpfs -o size=300M tmpfs /var/lib/ingot-etcd && cp -a /var/lib/kept/. /var/lib/ingot-etcd/ && "
        "chown etcd:etcd /var/lib/ingot-etcd && systemctl start ingot-agent";
    ASSERT_EQ(driver.exec("etcd-3", {"sh", "-c", kSmallDisk}).exit_code, 0);
    expect_whole(kFounders);
    EXPECT_NE(driver.exec("etcd-3", {"dd", "if=/dev/zero", "of=/var/lib/ingot-etcd/filler", "bs=64k"}).exit_code, 0);
    // A log that is allocated beforehand takes writes for a while yet; a new segment of it is what fails.
    driver.exec("etcd-3", {"systemctl", "restart", "--no-block", "ingot-etcd"});
    ASSERT_TRUE(lab().write_keys("etcd-1", "one is full"));
    EXPECT_EQ(driver.exec("etcd-3", {"rm", "/var/lib/ingot-etcd/filler"}).exit_code, 0);
    expect_whole(kFounders);
    // Onto its own disk again: tmpfs is gone with the power.
    ASSERT_TRUE(lab().order("kill", {"etcd-3"}));
    ASSERT_TRUE(lab().start({"etcd-3"}));
    expect_whole(kFounders);
}

TEST_F(Etcd, GrowsToFiveAndReplacesTwoAtOnce) {
    const auto fourth = lab().add();
    ASSERT_FALSE(fourth.empty());
    EXPECT_EQ(lab().says(fourth, "a spare: the cluster has 3 voters", 90s), "");
    const auto fifth = lab().add();
    const std::vector<std::string> five = {"etcd-1", "etcd-2", "etcd-3", fourth, fifth};
    expect_whole(five);
    ASSERT_TRUE(lab().write_keys(fifth, "five"));

    wipe_and_start({"etcd-1", fourth});
    expect_whole(five);

    // Shrinking: from five only when told twice, from four as asked.
    auto& driver = lab().driver();
    EXPECT_NE(driver.exec(fourth, {"ingot-agent", "leave"}).exit_code, 0);
    const auto left = driver.exec(fourth, {"ingot-agent", "leave", "--anyway"});
    EXPECT_EQ(left.exit_code, 0) << left.err;
    const auto last = driver.exec(fifth, {"ingot-agent", "etcd", "leave"});
    EXPECT_EQ(last.exit_code, 0) << last.err;
    expect_whole(kFounders);
    // One that has left stays away, also after a boot.
    ASSERT_TRUE(lab().order("kill", {fourth}));
    ASSERT_TRUE(lab().start({fourth}));
    EXPECT_EQ(lab().says(fourth, "failed: this machine has left the cluster", 90s), "");
    ASSERT_TRUE(lab().order("remove", {fourth, fifth}));
    EXPECT_NE(driver.exec("etcd-1", {"ingot-agent", "leave"}).exit_code, 0) << "two voters tolerate nothing";
    expect_whole(kFounders);
}

TEST_F(Etcd, WaitsWithoutAQuorumAndIsRecoveredOnlyByAPerson) {
    auto& driver = lab().driver();
    ASSERT_EQ(driver.exec("etcd-3", {"ingot-agent", "etcd", "snapshot", "/root/copy.db"}).exit_code, 0);
    const auto before = lab().cluster_id("etcd-3");
    const auto recover = [&](const std::string& answer) {
        return driver.exec("etcd-3", {"sh", "-c",
                                      text::format("echo {} | ingot-agent etcd recover --from-snapshot "
                                                   "/root/copy.db",
                                                   answer)});
    };
    const auto needless = recover(driver.name());
    EXPECT_EQ(needless.exit_code, 3) << needless.out << needless.err;
    EXPECT_NE(needless.err.find("has a quorum behind it"), std::string::npos) << needless.err;

    wipe_and_start({"etcd-1", "etcd-2"});
    for (const auto* const machine : {"etcd-1", "etcd-2"}) {
        EXPECT_EQ(lab().says(machine, "has no quorum: 1 of 3 voters answer, 2 are needed", kPatience), "");
        EXPECT_EQ(lab().says(machine, "ingot-agent etcd recover", 5s), "");
    }
    EXPECT_EQ(lab().missing_keys("etcd-3", true), std::set<std::string>());

    const auto mistyped = recover("another-cluster");
    EXPECT_EQ(mistyped.exit_code, 3) << mistyped.out << mistyped.err;
    EXPECT_EQ(lab().missing_keys("etcd-3", true), std::set<std::string>());
    const auto recovered = recover(driver.name());
    ASSERT_EQ(recovered.exit_code, 0) << recovered.out << recovered.err;
    expect_whole(kFounders);
    EXPECT_NE(lab().cluster_id("etcd-3"), before);
}

TEST_F(Etcd, AMemberOfTheClusterThatWasGivenUpJoinsTheNewOne) {
    const auto before = lab().cluster_id("etcd-3");
    ASSERT_TRUE(lab().order("kill", {"etcd-2"}));
    ASSERT_TRUE(lab().order("wipe", {"etcd-1"}));
    const auto recovered = lab().driver().exec(
        "etcd-3",
        {"sh", "-c", text::format("echo {} | ingot-agent etcd recover --from-own-data", lab().driver().name())});
    ASSERT_EQ(recovered.exit_code, 0) << recovered.out << recovered.err;
    ASSERT_TRUE(lab().start({"etcd-1", "etcd-2"}));
    expect_whole(kFounders);
    EXPECT_NE(lab().cluster_id("etcd-2"), before);
    // Its data of before is put aside, not gone.
    EXPECT_EQ(lab().driver().exec("etcd-2", {"sh", "-c", "ls -d /var/lib/ingot-etcd/aside/*/wal"}).exit_code, 0);
}

TEST_F(Etcd, GrowsFromOneToThreeAndNeverStopsAtTwo) {
    ASSERT_TRUE(lab().prepare({.founders = 1}));
    ASSERT_TRUE(lab().start({"etcd-1"}));
    expect_whole({"etcd-1"});
    ASSERT_TRUE(lab().write_keys("etcd-1", "alone"));
    const auto second = lab().add();
    EXPECT_EQ(lab().says(second, "a spare: the cluster has 1 voters", 90s), "");
    const auto third = lab().add();
    expect_whole({"etcd-1", second, third});
}

TEST_F(Etcd, DatabaseAndProxyFollowWhenEveryFounderIsReplacedByAnotherAddress) {
    ASSERT_TRUE(lab().prepare({.founders = 3, .db = 1, .proxy = 1}));
    auto& driver = lab().driver();
    ASSERT_TRUE(lab().start({"etcd-1", "etcd-2", "etcd-3", "db-1", "proxy-1"}));
    const auto accepts_writes = [&](const std::string& statement) {
        return LabDriver::wait(240s, [&] { return driver.sql("--pool", statement).exit_code == 0; }).has_value();
    };
    ASSERT_TRUE(accepts_writes("CREATE TABLE IF NOT EXISTS kept (id int)")) << driver.lab({"status"}).out;
    auto members = kFounders;
    for (const auto& founder : kFounders) {
        const auto heir = lab().add();
        EXPECT_EQ(lab().says(heir, "a spare: the cluster has 3 voters", 90s), "");
        ASSERT_TRUE(lab().be_impatient(heir));
        ASSERT_TRUE(lab().order("kill", {founder}));
        members.erase(members.begin());
        members.push_back(heir);
        expect_whole(members);
        // Both have seen it, and written it down, before the next one goes.
        for (const auto* const client : {"db-1", "proxy-1"}) {
            EXPECT_TRUE(LabDriver::wait(60s,
                                        [&] {
                                            const auto known =
                                                driver.exec(client, {"cat", "/var/lib/ingot/etcd-members.json"});
                                            return known.out.find(heir) != std::string::npos;
                                        })
                            .has_value())
                << client;
        }
    }
    ASSERT_TRUE(lab().order("remove", kFounders)); // not before: an address that is free is given to the next
    EXPECT_TRUE(accepts_writes("INSERT INTO kept VALUES (1)"));
    // Their user-data still names three machines that are gone.
    ASSERT_TRUE(lab().order("kill", {"db-1", "proxy-1"}));
    ASSERT_TRUE(lab().start({"db-1", "proxy-1"}));
    EXPECT_TRUE(accepts_writes("INSERT INTO kept VALUES (2)")) << driver.lab({"status"}).out;
    EXPECT_EQ(text::trim(driver.sql("--pool", "SELECT count(*) FROM kept").out), "2");
}
