#include "firstboot/status/status.hpp"

#include <gtest/gtest.h>

#include "common/files/files.hpp"
#include "firstboot/status/board.hpp"

namespace ingot::firstboot {
namespace {

TEST(NodeStatus, SurvivesItsJson) {
    NodeStatus status{
        .node = "db-1",
        .role = "db",
        .cluster = "orders",
        .state = NodeState::waiting,
        .since = "2026-11-23T12:00:00Z",
        .messages = {"waiting for etcd-2"},
        .steps = {{.name = "a", .description = "doing a", .state = "done", .since = "s", .message = "m"}},
        .duties = {{.name = "d", .state = "ok"}}};
    const auto read = status_from_json(to_json_text(status));
    ASSERT_TRUE(read.has_value()) << read.error().to_string();
    EXPECT_EQ(to_json_text(*read), to_json_text(status));
    EXPECT_EQ(read->state, NodeState::waiting);
    EXPECT_EQ(read->messages, status.messages);
}

TEST(NodeStatus, RefusesWhatItDoesNotKnow) {
    EXPECT_FALSE(status_from_json("").has_value());
    EXPECT_FALSE(status_from_json("{\"state\":\"fine\"}").has_value());
}

TEST(NodeStatus, TellsByExitCode) {
    EXPECT_EQ(exit_code_of(NodeState::ready), 0);
    EXPECT_EQ(exit_code_of(NodeState::failed), 1);
    EXPECT_EQ(exit_code_of(NodeState::waiting), 75);
    EXPECT_EQ(exit_code_of(NodeState::starting), 75);
}

TEST(StatusBoard, WritesEachChangeAndTellsTheStateOnce) {
    const auto folder = files::TempDir::create().value();
    const auto file = folder.path() / "run" / "status.json";
    clock::FakeClock clock;
    std::vector<std::string> lines;
    StatusBoard board(file, clock, [&lines](const std::string& line) { lines.push_back(line); });
    board.plan_step("a", "doing a");
    board.set_identity("db-1", "db", "orders");
    board.step("a", "waiting", "for b");
    board.state(NodeState::waiting, {"for b"});
    board.state(NodeState::waiting, {"for b"});
    board.step("a", "done");
    board.state(NodeState::ready);

    const auto status = status_from_json(files::read(file).value()).value();
    EXPECT_EQ(status.node, "db-1");
    EXPECT_EQ(status.state, NodeState::ready);
    ASSERT_EQ(status.steps.size(), 1U);
    EXPECT_EQ(status.steps[0].state, "done");
    EXPECT_EQ(status.steps[0].message, "");
    EXPECT_EQ(lines, (std::vector<std::string>{"starting", "waiting: for b", "ready"}));
}

TEST(StatusBoard, ShowsTheStepsOfAnotherProgramAndNeverThatTheNodeIsReadyByThem) {
    const auto folder = files::TempDir::create().value();
    clock::FakeClock clock;
    StatusBoard board(folder.path() / "status.json", clock);
    board.adopt({.role = "db",
                 .state = NodeState::failed,
                 .messages = {"line 3: no such key"},
                 .steps = {{.name = "user-data", .state = "failed"}},
                 .datasource = "hetzner"});
    EXPECT_EQ(board.snapshot().state, NodeState::failed);
    EXPECT_EQ(board.snapshot().messages, std::vector<std::string>{"line 3: no such key"});
    EXPECT_EQ(board.snapshot().datasource, "hetzner");
    board.plan_step("identity", "obtaining this node's certificate");
    board.step("identity", "done");
    board.set_identity("db-1", "db", "orders");
    board.adopt({.state = NodeState::ready,
                 .steps = {{.name = "user-data", .state = "done"}, {.name = "system.phone-home", .state = "done"}}});
    const auto status = board.snapshot();
    EXPECT_EQ(status.state, NodeState::starting);
    EXPECT_TRUE(status.messages.empty());
    EXPECT_EQ(status.node, "db-1");
    ASSERT_EQ(status.steps.size(), 3U);
    EXPECT_EQ(status.steps[0].state, "done");
    EXPECT_EQ(status.steps[1].name, "identity");
    EXPECT_EQ(status.steps[2].name, "system.phone-home");
    board.plan_step("identity", "obtaining this node's certificate");
    EXPECT_EQ(board.snapshot().steps.size(), 3U);
    EXPECT_EQ(board.snapshot().steps[1].state, "pending");
}

TEST(StatusScreen, ShowsWhatIsWaitedFor) {
    const NodeStatus status{.node = "etcd-1",
                            .role = "etcd",
                            .state = NodeState::waiting,
                            .messages = {"starting etcd: waiting for etcd-2"},
                            .steps = {{.name = "node", .description = "finding the address", .state = "done"},
                                      {.name = "etcd.start",
                                       .description = "starting etcd",
                                       .state = "waiting",
                                       .message = "waiting for etcd-2"}}};
    EXPECT_EQ(to_screen_text(status), "etcd-1  etcd  waiting\n"
                                      "  starting etcd: waiting for etcd-2\n"
                                      "\nsteps\n"
                                      "  node        done      finding the address\n"
                                      "  etcd.start  waiting   waiting for etcd-2\n");
}

} // namespace
} // namespace ingot::firstboot
