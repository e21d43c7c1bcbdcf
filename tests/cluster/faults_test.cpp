// One of each fault on one cluster, with a ledger and a probe for two writers running: what must never happen, does
// not.
// `./dev test soak` runs the same by chance, and more often (INGOT_SOAK_FAULTS, INGOT_SOAK_SEED).
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <set>

#include <gtest/gtest.h>

#include "common/text/text.hpp"
#include "tests/cluster/faults.hpp"
#include "tests/cluster/leftovers.hpp"
#include "tests/cluster/writer_watch.hpp"

namespace ingot::tests {
namespace {

using namespace std::chrono_literals;

constexpr auto* kName = "faults";

std::string environment(const char* name, const std::string& usual) {
    const char* value = std::getenv(name);
    return value == nullptr || *value == '\0' ? usual : value;
}

std::string images() { return environment("INGOT_IMAGES", "build/images"); }

LabDriver& lab() {
    static LabDriver driver(kName, images());
    return driver;
}

class Faults : public ::testing::Test {
  protected:
    static void SetUpTestSuite() {
        lab().down();
        const auto up = lab().up();
        ASSERT_EQ(up.exit_code, 0) << up.out << up.err;
        ASSERT_EQ(lab().lab({"add", "proxy"}).exit_code, 0);
        ASSERT_TRUE(lab().wait_healthy(120s).has_value()) << lab().lab({"status"}).out;
        system_id_ = system_id();
    }
    static void TearDownTestSuite() {
        lab().down();
        EXPECT_EQ(leftovers(kName, images(), false), std::vector<std::string>());
    }
    void SetUp() override {
        if (system_id_.empty()) { GTEST_SKIP() << "the lab did not come up"; }
    }

    static std::string system_id() {
        return lab().sql("--primary", "SELECT system_identifier FROM pg_control_system()").out;
    }

    static void expect_harmless(const Fault& fault) {
        const auto report = run_fault(lab(), fault);
        std::printf(
            "%-30s %5.1f s without a committed write, %5.1f s while it mended, %zu statements failed, %zu rows\n",
            std::string(fault.title).c_str(), report.pause, report.pause_of_mending, report.failed,
            report.acknowledged);
        std::fflush(stdout);
        EXPECT_EQ(violations(fault, report), "") << text::join(report.failures, "\n") << '\n'
                                                 << lab().lab({"status"}).out;
        EXPECT_EQ(system_id(), system_id_);
    }

    static inline std::string system_id_;
};

TEST_F(Faults, LoseNothingAndNeverGiveTwoWriters) {
    if (std::getenv("INGOT_SOAK_FAULTS") != nullptr) { GTEST_SKIP() << "the soak test runs them by chance"; }
    for (const auto& fault : faults()) {
        if (!fault.often) { continue; }
        SCOPED_TRACE(fault.name);
        expect_harmless(fault);
        if (HasFatalFailure()) { return; }
    }
}

TEST_F(Faults, LoseNothingInAnyOrder) {
    const auto count = std::getenv("INGOT_SOAK_FAULTS");
    if (count == nullptr) { GTEST_SKIP() << "only in the soak test"; }
    const auto seed = text::to_number(environment("INGOT_SOAK_SEED", "1")).value_or(1);
    std::printf("seed %lld (INGOT_SOAK_SEED repeats this order)\n", static_cast<long long>(seed));
    std::mt19937 chance(static_cast<unsigned>(seed));
    std::uniform_int_distribution<std::size_t> which(0, faults().size() - 1);
    const auto runs = text::to_number(count).value_or(100);
    for (int run = 0; run < runs && !HasFailure(); ++run) {
        const auto& fault = faults().at(which(chance));
        SCOPED_TRACE(text::format("fault {} of {}: {}", run + 1, runs, fault.name));
        expect_harmless(fault);
    }
}

} // namespace
} // namespace ingot::tests
