#include "firstboot/cli/agent.hpp"

#include <algorithm>
#include <chrono>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/metrics/exporters.hpp"
#include "firstboot/node/handover.hpp"
#include "firstboot/status/status.hpp"
#include "firstboot/system/leftovers.hpp"
#include "firstboot/watch/duties.hpp"

namespace ingot::firstboot::cli {

namespace {

/// Short, because a clock that is set back after the first boot makes the certificate one of the future.
constexpr auto kRenewalInterval = std::chrono::seconds(20);

constexpr auto kLookAfterSetup = std::chrono::seconds(10);

/// A twentieth of the time already waited: a setup that takes half a second costs some milliseconds more, and one
/// that waits for an hour is looked at once a second.
constexpr int kShare = 20;

/// "certificate until 2026-12-28T04:41:46Z, generation 3 of the CAs"
std::string certificate_in_words(const files::Root& root) {
    const auto self = read_identity(root);
    return self ? text::format("certificate until {}, generation {} of the CAs", self->until, self->generation)
                : std::string();
}

} // namespace

std::chrono::milliseconds handover_pause(std::chrono::milliseconds waited) {
    using std::chrono::milliseconds;
    return std::clamp(waited / kShare, milliseconds(10), milliseconds(1000));
}

void forget_handover(const Environment& environment) {
    for (const auto& file : {kHandoverFile, kServesMark, kSetupStatusFile}) {
        static_cast<void>(files::remove_file(environment.root.at(file)).has_value());
    }
}

Step Agent::identity_step() const {
    return {.name = "identity", .description = "obtaining this node's certificate", .apply = [this]() -> Status {
                INGOT_TRY(obtain_identity(*node_, access_, environment_), "");
                return {};
            }};
}

Duty Agent::identity_duty() const {
    return {.name = "identity.renew",
            .interval = kRenewalInterval,
            .run = [this]() -> Status {
                // A certificate that is due is renewed also when nobody says whether the CAs have changed.
                const auto refreshed = refresh_trust(*node_, access_, environment_);
                INGOT_ASSIGN(const bool renewed, obtain_identity(*node_, access_, environment_), "");
                // The signers hear of it in the next round, when the daemons have read it, too.
                if (renewed) { log::info("renewed this node's certificate"); }
                if (!refreshed) { return refreshed.error(); }
                return *refreshed ? shut_out_revoked(*node_, **refreshed, environment_) : Status();
            },
            .words = [this] { return certificate_in_words(environment_.root); }};
}

/// systemd starts the setup with the agent. Killed and started again, the agent goes on with what was handed to it,
/// or with the setup that is under way; after a stop that was asked for there is neither, and the setup begins anew.
bool Agent::begin_setup() {
    const auto state = environment_.services.state(kSetupUnit);
    const bool runs = state && (*state == "active" || *state == "activating");
    const auto shown = files::read(environment_.root.at(kSetupStatusFile));
    const auto setup = status_from_json(shown ? *shown : "");
    const bool has_ended = setup && setup->state == NodeState::ready;
    if (runs && (files::exists(environment_.root.at(kHandoverFile)) || !has_ended)) { return true; }
    forget_handover(environment_);
    for (;;) {
        const auto begun = environment_.services.restart(kSetupUnit);
        if (begun) { return true; }
        board_.state(NodeState::waiting, {begun.error().to_string()});
        if (!stop_.pause(std::chrono::seconds(1))) { return false; }
    }
}

bool Agent::await_setup(const std::function<bool(const NodeStatus&)>& is_done) {
    const auto begin = environment_.clock.monotonic();
    auto looked = begin;
    const auto file = environment_.root.at(kSetupStatusFile);
    std::string last;
    for (;;) {
        auto content = files::read_if_exists(file);
        if (content && *content && **content != last) {
            last = **std::move(content);
            if (const auto setup = status_from_json(last)) { board_.adopt(*setup); }
        }
        const auto setup = status_from_json(last);
        if (is_done(setup.value_or(NodeStatus{}))) { return true; }
        const auto now = environment_.clock.monotonic();
        if (now - looked >= kLookAfterSetup) {
            looked = now;
            // Whoever has stopped it: nothing goes on without it.
            const auto state = environment_.services.state(kSetupUnit);
            if (state && (*state == "inactive" || *state == "failed")) {
                static_cast<void>(environment_.services.start(kSetupUnit).has_value());
            }
        }
        const auto waited = now - begin;
        if (!stop_.pause(handover_pause(std::chrono::duration_cast<std::chrono::milliseconds>(waited)))) {
            return false;
        }
    }
}

Step Agent::take_over_step() {
    return {
        .name = "node.take-over", .description = "taking over from ingot-setup.service", .apply = [this]() -> Status {
            INGOT_ASSIGN(const auto text, files::read(environment_.root.at(kHandoverFile)), "");
            INGOT_ASSIGN(const auto handover, handover_from_json(text), std::string(kHandoverFile));
            const auto fetch = [&handover](const std::string& address) -> Result<std::string> {
                const auto found = handover.included.find(address);
                if (found == handover.included.end()) { return fail(ErrorKind::bug, address + " is not there"); }
                return found->second;
            };
            INGOT_ASSIGN(auto data,
                         cloud_init::parse_node_data({.user_data = handover.metadata.user_data,
                                                      .vendor_data = handover.metadata.vendor_data,
                                                      .fetch = fetch},
                                                     "user-data"),
                         "");
            adopt_accepted(data, environment_.root);
            INGOT_ASSIGN(node_, make_node(handover.metadata, data.user_data, handover.facts), "");
            node_->instance_id = handover.data_instance;
            access_ = std::move(data.access);
            board_.set_identity(node_->name, to_string(node_->config.role), node_->config.cluster);
            log::info(text::format("this is {} at {}", node_->name, node_->address));
            return {};
        }};
}

Step Agent::serves_step() const {
    return {.name = "serves", .description = "telling ingot-setup.service that the role serves", .apply = [this] {
                return files::write(environment_.root.at(kServesMark), "");
            }};
}

void Agent::work() {
    remove_leftovers(environment_);
    const auto handed_over = [this](const NodeStatus&) { return files::exists(environment_.root.at(kHandoverFile)); };
    if (!begin_setup() || !await_setup(handed_over) || !runner_.run({take_over_step(), identity_step()})) { return; }
    auto role = make_role(*node_, environment_);
    if (node_->config.role == cloud_init::Role::etcd) { add_join_service(role, *node_, access_, environment_); }
    if (!runner_.run(role.steps) || !runner_.run({serves_step()})) { return; }
    // What the user-data wants to be done last.
    if (!await_setup([](const NodeStatus& setup) { return setup.state == NodeState::ready; })) { return; }
    board_.state(NodeState::ready);
    log::info(text::format("{} is ready", node_->name));
    role.duties.push_back(identity_duty());
    role.duties.push_back(
        metrics::metrics_duty(std::make_shared<metrics::Metrics>(*node_, environment_, board_, role.figures)));
    const Duties duties(role.duties, board_, stop_);
    while (stop_.pause(std::chrono::hours(1))) {}
}

} // namespace ingot::firstboot::cli
