// The CAs of etcd and of the proxies are replaced on a cluster at work: three etcd, two db, one proxy, and a writer.
// (That of the databases is trust_test.cpp's.) Each step is handed out to one etcd node after the other.
#include <cstdio>
#include <cstdlib>

#include <gtest/gtest.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "tests/cluster/lab_driver.hpp"
#include "tests/cluster/ledger.hpp"
#include "tests/places/places.hpp"

using namespace std::chrono_literals;
using namespace ingot;
using namespace ingot::tests;

namespace {

constexpr const char* kName = "rotation-test";
constexpr double kLongestPause = 5; // seconds without an acknowledged row

class Rotation : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        ASSERT_EQ(::geteuid(), 0U) << "cluster tests need root";
        const char* told = std::getenv("INGOT_IMAGES");
        folder_ = new files::TempDir(files::TempDir::create("ingot-rotation-").value());
        lab_ = new LabDriver(kName, told != nullptr ? told : (source_dir() / "build/images").string());
        lab_->down();
        const auto cluster = (folder_->path() / "cluster.yaml").string();
        ASSERT_EQ(ingot({"cluster", "init", kName, "--synchronous", "on", "--directory", folder_->path().string()})
                      .exit_code,
                  0);
        const auto text = text::replace_all(files::read(cluster).value(), "  db: 3", "  db: 2");
        ASSERT_TRUE(files::write(cluster, text));
        const auto up = lab().lab({"up", cluster, "--images", lab().images(), "--timeout", "300"}, 400s);
        ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
    }
    static void TearDownTestSuite() {
        if (lab_ != nullptr) {
            if (testing::UnitTest::GetInstance()->failed_test_count() > 0) {
                for (const auto& machine : lab_->status()) {
                    std::printf("%s\n", lab_->exec(machine.name, {"ingot-agent", "status"}).out.c_str());
                }
            }
            lab_->down();
        }
        delete lab_;
        delete folder_;
    }

    static LabDriver& lab() { return *lab_; }
    static process::Output ingot(const std::vector<std::string>& words, const std::string& input = {}) {
        std::vector<std::string> argv = {INGOT_PROGRAM};
        argv.insert(argv.end(), words.begin(), words.end());
        process::PosixProcesses processes;
        auto output = processes.run({.argv = std::move(argv), .input = input});
        return output ? *std::move(output) : process::Output{.exit_code = -1, .err = output.error().to_string()};
    }
    static std::string trust_of(const std::string& machine) {
        return lab().exec(machine, {"ingot-agent", "trust"}).out;
    }
    /// The next step of both CAs, to every etcd node, and until every node has followed.
    static void take_step(int generation) {
        const auto cluster = text::format("/var/lib/ingot/lab/{}/cluster.yaml", kName);
        for (const auto* const role : {"etcd", "proxy"}) {
            const auto rotated = ingot({"cluster", "rotate-ca", role, "--cluster", cluster});
            ASSERT_EQ(rotated.exit_code, 0) << rotated.err;
        }
        const auto user_data = ingot({"user-data", "etcd", "--cluster", cluster});
        for (const auto& machine : lab().of_role("etcd")) {
            // Refused for as long as a node has not said that it has followed the step before.
            process::Output accepted;
            const auto took = LabDriver::wait(90s, [&] {
                accepted =
                    ingot({"lab", "exec", "--name", kName, machine.name, "--", "ingot-agent", "trust", "accept"},
                          user_data.out);
                return accepted.exit_code == 0;
            });
            ASSERT_TRUE(took.has_value()) << machine.name << ": " << accepted.err;
        }
        const auto said = text::format("generation {} ", generation);
        for (const auto& machine : lab().status()) {
            EXPECT_TRUE(LabDriver::wait(120s, [&] { return trust_of(machine.name).find(said) != std::string::npos; })
                            .has_value())
                << machine.name << " is not at " << said << ": "
                << lab().exec(machine.name, {"ingot-agent", "status"}).out;
        }
        const auto etcd = lab().of_role("etcd").at(0).name;
        EXPECT_TRUE(
            LabDriver::wait(120s, [&] { return trust_of(etcd).find("has not followed") == std::string::npos; })
                .has_value())
            << trust_of(etcd);
        EXPECT_TRUE(lab().wait_healthy(120s).has_value()) << lab().lab({"status"}).out;
    }
    /// How many CAs a machine trusts for a role.
    static std::string cas_of(const std::string& machine, const std::string& role) {
        const auto counted =
            lab().exec(machine, {"grep", "-c", "BEGIN", text::format("/etc/ingot/pki/ca-{}.crt", role)}).out;
        return std::string(text::trim(counted));
    }

  private:
    static LabDriver* lab_;         // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
    static files::TempDir* folder_; // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
};

LabDriver* Rotation::lab_ = nullptr;
files::TempDir* Rotation::folder_ = nullptr;

} // namespace

TEST_F(Rotation, OfTheCasOfEtcdAndOfTheProxiesIsNotNoticedByAWriter) {
    Ledger ledger(lab());
    ASSERT_TRUE(ledger.open());
    ledger.start();
    // One generation for each CA: two by each step.
    for (const int generation : {3, 5, 7}) {
        const auto begin = Ledger::Clock::now();
        take_step(generation);
        if (HasFatalFailure()) { break; }
        const auto pause = ledger.longest_pause_since(begin);
        std::printf("generation %d: longest pause %.2f s\n", generation, pause);
        EXPECT_LT(pause, kLongestPause) << "step to generation " << generation;
        for (const auto& machine : lab().status()) {
            for (const auto* const role : {"etcd", "proxy"}) {
                EXPECT_EQ(cas_of(machine.name, role), generation == 7 ? "1" : "2") << machine.name << ", " << role;
            }
        }
    }
    ledger.stop();
    const auto audit = ledger.audit();
    ASSERT_TRUE(audit.has_value());
    EXPECT_TRUE(audit->lost.empty());
    // With connections that are all new: every daemon knows the CAs of now and no other.
    for (const auto* const role : {"etcd", "db", "proxy"}) {
        const auto machine = lab().of_role(role).at(0).name;
        ASSERT_EQ(lab().lab({"stop", machine}).exit_code, 0);
        ASSERT_EQ(lab().lab({"start", machine}).exit_code, 0);
        EXPECT_TRUE(lab().wait_healthy(120s).has_value()) << lab().lab({"status"}).out;
    }
    EXPECT_TRUE(LabDriver::wait(60s, [] {
                    return lab().sql("--pool", "CREATE TABLE IF NOT EXISTS after_rotation (n int)").exit_code == 0;
                }).has_value());
}
