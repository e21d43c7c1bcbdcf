#include "firstboot/metrics/node_metrics.hpp"

#include "firstboot/status/status.hpp"

namespace ingot::firstboot::metrics {

Families node_families(const NodeStatus& status, std::optional<clock::WallTime> certificate_end) {
    Family info{.name = "ingot_node_info", .help = "Which node this is.", .samples = {}};
    info.samples.push_back(
        {.labels = {{"node", status.node}, {"role", status.role}, {"cluster", status.cluster}}, .value = 1});

    Family state{.name = "ingot_node_state", .help = "1 for the state the node is in.", .samples = {}};
    for (const auto each : {NodeState::starting, NodeState::waiting, NodeState::ready, NodeState::failed}) {
        state.samples.push_back(
            {.labels = {{"state", std::string(to_string(each))}}, .value = each == status.state ? 1.0 : 0.0});
    }
    Family steps{.name = "ingot_step_done", .help = "1 for each step of the boot that is done.", .samples = {}};
    for (const auto& step : status.steps) {
        steps.samples.push_back({.labels = {{"step", step.name}}, .value = step.state == "done" ? 1.0 : 0.0});
    }
    Family duties{.name = "ingot_duty_ok", .help = "0 for each duty that fails.", .samples = {}};
    for (const auto& duty : status.duties) {
        duties.samples.push_back({.labels = {{"duty", duty.name}}, .value = duty.state == "failing" ? 0.0 : 1.0});
    }
    Family certificate{.name = "ingot_certificate_not_after_seconds",
                       .help = "When the node's certificate ends, in seconds since 1970.",
                       .samples = {}};
    if (certificate_end) {
        const auto since = std::chrono::duration_cast<std::chrono::seconds>(certificate_end->time_since_epoch());
        certificate.samples.push_back({.labels = {}, .value = static_cast<double>(since.count())});
    }
    return {std::move(info), std::move(state), std::move(steps), std::move(duties), std::move(certificate)};
}

} // namespace ingot::firstboot::metrics
