// What waits for a node calls one of two programs: `ingot-agent status --wait`, or `cloud-init status --wait`,
// because it knows nothing of Ingot. Both are run here, over status files of our making; Debian's cloud-init answers
// beside ours.
//
// The files have fixed places, so the test has a mount namespace with its own /run and /var/lib.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sched.h>
#include <sys/mount.h>

#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"
#include "firstboot/status/status.hpp"
#include "tests/places/places.hpp"

namespace ingot::firstboot {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// cloud-init's own command over a status.json of its own: argv 1 is the folder with it, the rest is for it.
constexpr std::string_view kTheirs = R"(
import sys, types
from cloudinit.cmd import status
folder = sys.argv[1]
status.read_cfg_paths = lambda *a, **k: types.SimpleNamespace(run_dir=folder)
status.uses_systemd = lambda: True
status.get_cmdline = lambda: ""
status.systemd_failed = lambda *a, **k: False
status._disabled_via_environment = lambda *a, **k: False
args = status.get_parser().parse_args(sys.argv[2:])
sys.exit(status.handle_status_args("status", args))
)";

class Status : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        agent_ = (tests::source_dir() / "build/bin/ingot-agent").string();
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) { return; }
        allowed_ = ::mount("ingot-test", "/run", "tmpfs", 0, nullptr) == 0 &&
                   ::mount("ingot-test", "/var/lib", "tmpfs", 0, nullptr) == 0;
    }
    void SetUp() override {
        if (!allowed_) { GTEST_SKIP() << "needs root, for a mount namespace"; }
        std::filesystem::remove_all("/run/ingot");
        std::filesystem::remove_all("/var/lib/ingot");
    }
    static void say(NodeState state, std::vector<std::string> messages = {}) {
        const NodeStatus status{.node = "db-1",
                                .role = "db",
                                .state = state,
                                .since = "2026-11-23T12:00:00Z",
                                .messages = std::move(messages),
                                .steps = {{.name = "datasource", .state = "done"}},
                                .datasource = "hetzner"};
        ASSERT_TRUE(files::write("/run/ingot/status.json", to_json_text(status)).has_value());
    }
    static void fail_a_command() {
        ASSERT_TRUE(files::write("/var/lib/ingot/runcmd.json", R"({"2": {"exit_code": 1}})").has_value());
    }
    struct Ran {
        process::Output output;
        std::chrono::steady_clock::duration time;
    };
    static Ran run(std::vector<std::string> argv, std::map<std::string, std::string> environment = {}) {
        process::PosixProcesses processes;
        const auto begin = std::chrono::steady_clock::now();
        auto output = processes.run({.argv = std::move(argv), .environment = std::move(environment), .timeout = 30s});
        return {.output = std::move(output).value(), .time = std::chrono::steady_clock::now() - begin};
    }
    static Ran status(const std::vector<std::string>& more) {
        std::vector<std::string> argv{agent_, "status"};
        argv.insert(argv.end(), more.begin(), more.end());
        return run(std::move(argv));
    }
    /// Ours, called by its other name.
    static Ran cloud_init(const std::vector<std::string>& more) {
        static const auto kFolder = files::TempDir::create().value();
        const auto link = kFolder.path() / "cloud-init";
        std::error_code ignored;
        std::filesystem::create_symlink(agent_, link, ignored);
        std::vector<std::string> argv{link.string(), "status"};
        argv.insert(argv.end(), more.begin(), more.end());
        return run(std::move(argv));
    }

    static inline bool allowed_ = false;
    static inline std::string agent_{};
};

TEST_F(Status, EndsWithTheStateAsExitCode) {
    say(NodeState::ready);
    EXPECT_EQ(status({}).output.exit_code, 0);
    say(NodeState::failed, {"u:1:1: bad"});
    const auto failed = status({});
    EXPECT_EQ(failed.output.exit_code, 1);
    EXPECT_THAT(failed.output.out, HasSubstr("u:1:1: bad"));
    say(NodeState::waiting, {"for etcd"});
    EXPECT_EQ(status({}).output.exit_code, 75);
    const auto document = json::parse(status({"--json"}).output.out).value();
    EXPECT_EQ(json::string_at(document, "state"), "waiting");
    EXPECT_EQ(json::string_at(document, "datasource"), "hetzner");
}

TEST_F(Status, WaitsForAsLongAsItIsTold) {
    say(NodeState::waiting, {"for etcd"});
    const auto in_vain = status({"--wait", "--timeout", "1"});
    EXPECT_EQ(in_vain.output.exit_code, 75);
    EXPECT_GE(in_vain.time, 1s);
    EXPECT_LT(in_vain.time, 5s);
    EXPECT_THAT(in_vain.output.out, HasSubstr("for etcd")); // and says why
    say(NodeState::failed, {"no"});
    const auto at_once = status({"--wait", "--timeout", "20"});
    EXPECT_EQ(at_once.output.exit_code, 1);
    EXPECT_LT(at_once.time, 5s);
}

TEST_F(Status, EndsItsWaitWhenTheNodeIsReady) {
    for (const bool as_cloud_init : {false, true}) {
        std::filesystem::remove_all("/run/ingot"); // the agent has not even begun
        std::jthread node([] {
            std::this_thread::sleep_for(500ms);
            say(NodeState::waiting);
            std::this_thread::sleep_for(500ms);
            say(NodeState::ready);
        });
        const auto waited = as_cloud_init ? cloud_init({"--wait"}) : status({"--wait", "--timeout", "20"});
        EXPECT_EQ(waited.output.exit_code, 0) << waited.output.err;
        EXPECT_GE(waited.time, 900ms);
        EXPECT_LT(waited.time, 10s);
        if (as_cloud_init) { EXPECT_THAT(waited.output.out, testing::MatchesRegex("\\.+\nstatus: done\n")); }
    }
}

// ---- Beside cloud-init ------------------------------------------------------------------------------------

struct Boot {
    std::string name;
    std::string theirs; ///< its status.json
    bool finished = true;
    NodeState ours = NodeState::ready;
    std::vector<std::string> messages{};
    bool degraded = false;
};

TEST_F(Status, SaysWhatDebiansCloudInitSays) {
    const std::map<std::string, std::string> environment{
        {"PYTHONPATH", (tests::source_dir() / "build/tools/usr/lib/python3/dist-packages").string()},
        {"PATH", "/usr/bin:/bin"}};
    if (run({"python3", "-c", "import cloudinit.cmd.status"}, environment).output.exit_code != 0) {
        GTEST_SKIP() << "needs cloud-init, unpacked in build/tools";
    }
    const bool knows_degraded = // since 23.4
        run({"python3", "-c", "from cloudinit.cmd.status import ConditionStatus"}, environment).output.exit_code == 0;
    const std::string ended = R"("start": 1700000000.0, "finished": 1700000005.0)";
    for (
        const auto& boot : std::vector<Boot>{
            {.name = "done",
             .theirs = R"({"v1": {"stage": null, "datasource": "DataSourceHetzner", "init": {"errors": [], )" +
                       ended + "}}}"},
            {.name = "error",
             .theirs = R"({"v1": {"stage": null, "datasource": "DataSourceHetzner", "init": {"errors": ["bad"], )" +
                       ended + "}}}",
             .ours = NodeState::failed,
             .messages = {"bad"}},
            {.name = "running",
             .theirs =
                 R"({"v1": {"stage": "init", "datasource": "DataSourceHetzner", "init": {"errors": [], "start": 1700000000.0, "finished": null}}})",
             .finished = false,
             .ours = NodeState::waiting},
            {.name = "degraded",
             .theirs =
                 R"({"v1": {"stage": null, "datasource": "DataSourceHetzner", "init": {"errors": [], "recoverable_errors": {"WARNING": ["runcmd 2 exits 1"]}, )" +
                 ended + "}}}",
             .degraded = true}}) {
        SCOPED_TRACE(boot.name);
        if (boot.degraded && !knows_degraded) { continue; } // an old cloud-init calls it done
        const auto folder = files::TempDir::create().value();
        ASSERT_TRUE(files::write(folder.path() / "status.json", boot.theirs).has_value());
        ASSERT_TRUE(files::write(folder.path() / "enabled", "").has_value());
        if (boot.finished) { ASSERT_TRUE(files::write(folder.path() / "result.json", "{}").has_value()); }
        say(boot.ours, boot.messages);
        std::filesystem::remove_all("/var/lib/ingot");
        if (boot.degraded) { fail_a_command(); }
        const auto theirs =
            run({"python3", "-c", std::string(kTheirs), folder.path().string(), "--format", "json"}, environment);
        const auto ours = cloud_init({"--format", "json"});
        EXPECT_EQ(ours.output.exit_code, theirs.output.exit_code) << theirs.output.err;
        const auto their_document = json::parse(theirs.output.out).value();
        const auto our_document = json::parse(ours.output.out).value();
        for (const auto* const key :
             {"status", "extended_status", "boot_status_code", "datasource", "errors", "recoverable_errors"}) {
            if (their_document.contains(key)) { EXPECT_EQ(our_document.at(key), their_document.at(key)) << key; }
        }
        for (const auto& [key, value] : their_document.items()) {
            if (key == "schemas" || key == "_schema_version") { continue; } // gone in 24.1
            EXPECT_TRUE(our_document.contains(key)) << key;
        }
        // A line for those who read it with grep.
        const auto words = run({"python3", "-c", std::string(kTheirs), folder.path().string()}, environment);
        EXPECT_EQ(cloud_init({}).output.out, words.output.out);
    }
}

TEST_F(Status, AnswersAsCloudInitWithItsThreeExitCodes) {
    say(NodeState::ready);
    EXPECT_EQ(cloud_init({"--wait"}).output.exit_code, 0);
    fail_a_command();
    const auto degraded = cloud_init({"--wait", "--long"});
    EXPECT_EQ(degraded.output.exit_code, 2);
    EXPECT_THAT(degraded.output.out, HasSubstr("status: done\nextended_status: degraded done\n"));
    EXPECT_THAT(degraded.output.out, HasSubstr("recoverable_errors:\nWARNING:\n\t- runcmd 2 exits 1\n"));
    say(NodeState::failed, {"u:1:1: bad"});
    const auto failed = cloud_init({"--wait", "--format", "json"});
    EXPECT_EQ(failed.output.exit_code, 1);
    EXPECT_EQ(json::parse(failed.output.out).value().at("errors").at(0), "u:1:1: bad");
}

} // namespace
} // namespace ingot::firstboot
