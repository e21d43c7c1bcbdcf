#include "firstboot/status/status.hpp"

#include <cstdio>
#include <thread>

#include "firstboot/cli/commands.hpp"

namespace ingot::firstboot::cli {

namespace {

NodeStatus not_started() {
    return {.messages = {"the agent has not started yet: `systemctl status ingot-agent` tells more"}};
}

} // namespace

Result<NodeStatus> read_status() {
    INGOT_ASSIGN(const auto content, files::read_if_exists(files::Root().at(kStatusFile)),
                 "reading the agent's status");
    if (!content) { return not_started(); }
    return status_from_json(*content);
}

Result<int> status(const StatusOptions& options) {
    constexpr auto kPause = std::chrono::milliseconds(100);
    const auto deadline = std::chrono::steady_clock::now() + options.timeout;
    auto current = read_status();
    const auto is_final = [&current] {
        return current && (current->state == NodeState::ready || current->state == NodeState::failed);
    };
    while (options.wait && !is_final() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(kPause);
        current = read_status();
    }
    if (!current) { return std::move(current).error(); }
    std::printf("%s", (options.json ? to_json_text(*current) : to_screen_text(*current)).c_str());
    std::fflush(stdout);
    if (!options.json && current->state == NodeState::ready) { print_overview(); }
    return exit_code_of(current->state);
}

} // namespace ingot::firstboot::cli
