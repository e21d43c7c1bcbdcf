// The status of a node as a value, as JSON and as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::firstboot {

enum class NodeState {
    starting, ///< steps are running
    waiting,  ///< a step waits for something that is not there yet
    ready,    ///< every step is done; the duties run
    failed,   ///< a step failed for good, or the user-data is wrong: a person has to act
};
std::string_view to_string(NodeState state);

/// One step or duty.
struct StatusItem {
    std::string name{};
    std::string description{};
    std::string state{}; ///< steps: pending running waiting done failed; duties: idle running ok failing
    std::string since{}; ///< RFC 3339: in this state since
    std::string message{};
};

struct NodeStatus {
    std::string node{};
    std::string role{};
    std::string cluster{};
    NodeState state = NodeState::starting;
    std::string since{};
    std::vector<std::string> messages{}; ///< why it waits or failed: one line per reason
    std::vector<StatusItem> steps{};
    std::vector<StatusItem> duties{};
    std::string datasource{}; ///< where metadata came from: "hetzner"; empty before
};

std::string to_json_text(const NodeStatus& status);
Result<NodeStatus> status_from_json(std::string_view text);
/// The state in one line: "waiting: for etcd-2".
std::string to_line(const NodeStatus& status);
/// For a terminal.
std::string to_screen_text(const NodeStatus& status);
/// The exit code of `ingot-agent status`: 0 ready, 1 failed, 75 not yet.
int exit_code_of(NodeState state);

} // namespace ingot::firstboot
