// The alert rules of docs/ as Prometheus itself reads them. That the figures in them exist, the cluster tests prove.
#include <cstdlib>

#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "tests/places/places.hpp"

namespace ingot {
namespace {

class AlertRules : public ::testing::Test {
  protected:
    void SetUp() override {
        const auto version = promtool({"--version"});
        if (!version) { GTEST_SKIP() << "promtool (package prometheus) is not here"; }
    }
    Result<process::Output> promtool(std::vector<std::string> arguments) {
        arguments.insert(arguments.begin(), "promtool");
        const auto path = std::string(std::getenv("PATH"));
        return processes_.run({.argv = std::move(arguments), .environment = {{"PATH", path}}});
    }
    process::PosixProcesses processes_;
};

TEST_F(AlertRules, AreReadByPrometheus) {
    const auto checked = promtool({"check", "rules", (tests::source_dir() / "docs/monitoring/alerts.yml").string()});
    ASSERT_TRUE(checked);
    EXPECT_EQ(checked->exit_code, 0) << checked->out << checked->err;
}

TEST_F(AlertRules, AreReallyChecked) {
    const auto folder = files::TempDir::create("ingot-test-").value();
    const auto path = folder.path() / "alerts.yml";
    ASSERT_TRUE(
        files::write(path, "groups:\n  - name: x\n    rules:\n      - alert: Broken\n        expr: sum by (a\n"));
    const auto checked = promtool({"check", "rules", path.string()});
    ASSERT_TRUE(checked);
    EXPECT_NE(checked->exit_code, 0);
}

} // namespace
} // namespace ingot
