#include "firstboot/cli/agent.hpp"

#include <algorithm>
#include <iterator>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/cli/own_node.hpp"
#include "firstboot/datasource/datasource.hpp"
#include "firstboot/firewall/firewall.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/metrics/exporters.hpp"
#include "firstboot/node/clone.hpp"
#include "firstboot/node/facts.hpp"
#include "firstboot/node/record.hpp"
#include "firstboot/system/cloud_config.hpp"
#include "firstboot/system/confine.hpp"
#include "firstboot/system/finish.hpp"
#include "firstboot/system/leftovers.hpp"
#include "firstboot/system/network.hpp"
#include "firstboot/system/renewal.hpp"
#include "firstboot/watch/duties.hpp"

namespace ingot::firstboot::cli {

namespace {

constexpr std::string_view kJournal = "/var/lib/ingot/journal.json";
constexpr std::string_view kUserDataStep = "user-data";
/// Short, because a clock that is set back after the first boot makes the certificate one of the future.
constexpr auto kRenewalInterval = std::chrono::seconds(20);

/// A reason without its numbers: how many milliseconds a connection took is no news.
std::string gist(std::string reason) {
    std::erase_if(reason, [](char letter) { return letter >= '0' && letter <= '9'; });
    return reason;
}

/// "certificate until 2026-12-28T04:41:46Z, generation 3 of the CAs"
std::string certificate_in_words(const files::Root& root) {
    const auto self = read_identity(root);
    return self ? text::format("certificate until {}, generation {} of the CAs", self->until, self->generation)
                : std::string();
}

} // namespace

void Agent::started(const Step& step) {
    last_reason_.clear();
    recorder_.begin(step.name);
    log::info(text::format("{}: {}", step.name, step.description));
    board_.step(step.name, "running");
    board_.state(NodeState::starting);
}

void Agent::waiting(const Step& step, const Error& reason) {
    const auto shown = reason.to_string();
    board_.step(step.name, "waiting", shown);
    board_.state(NodeState::waiting, {text::format("{}: {}", step.description, shown)});
    if (auto now = gist(shown); now != last_reason_) {
        log::info(text::format("{}: {}", step.name, shown));
        last_reason_ = std::move(now);
    }
}

void Agent::done(const Step& step) {
    recorder_.end(step.name);
    board_.step(step.name, "done");
}

void Agent::failed(const Step& step, const Error& reason) {
    // Faults of the user-data are one line each, exactly as `ingot check` prints them.
    auto lines = text::lines(step.name == kUserDataStep ? reason.message : reason.to_string());
    for (const auto& line : lines) { log::error(line); }
    board_.step(step.name, "failed", lines.size() == 1 ? lines.front() : text::format("{} faults", lines.size()));
    board_.state(NodeState::failed, std::move(lines));
}

bool Agent::run(std::vector<Step> steps) {
    for (const auto& step : steps) { board_.plan_step(step.name, step.description); }
    const Engine engine{.clock = environment_.clock,
                        .observer = *this,
                        .pause = [this](std::chrono::milliseconds duration) { return stop_.pause(duration); },
                        .journal = journal_ ? &*journal_ : nullptr};
    return run_steps(engine, steps) == Outcome::done;
}

Step Agent::read_datasource_step() {
    return {.name = "datasource", .description = "reading metadata and user-data", .apply = [this]() -> Status {
                INGOT_ASSIGN(user_data_keys_, user_data_keys(environment_.root), "");
                INGOT_ASSIGN(metadata_, read_datasource(environment_), "");
                board_.set_datasource(metadata_->datasource);
                if (user_data_keys_) {
                    for (const auto& left_out : leave_out_unsigned(*metadata_)) { log::warning(left_out); }
                }
                log::info(
                    text::format("instance {} of datasource {}", metadata_->instance_id, metadata_->datasource));
                return {};
            }};
}

Step Agent::read_user_data_step() {
    return {.name = std::string(kUserDataStep), .description = "checking the user-data", .apply = [this]() -> Status {
                const auto facts = read_facts(environment_.root);
                board_.set_identity("", facts.image_role, "");
                auto text = metadata_->user_data;
                if (user_data_keys_) {
                    INGOT_ASSIGN(text, signed_text(text, *user_data_keys_, metadata_->signature), "");
                }
                auto parsed = cloud_init::parse_node_data({.user_data = text,
                                                           .vendor_data = metadata_->vendor_data,
                                                           .fetch = fetch_with(environment_, user_data_keys_)},
                                                          "user-data");
                if (!parsed) { return std::move(parsed).error(); }
                adopt_accepted(*parsed, environment_.root);
                auto& user_data = parsed->user_data;
                for (const auto& warning : user_data.warnings) { log::warning(warning); }
                board_.set_identity("", facts.image_role, user_data.ingot ? user_data.ingot->cluster : "");
                INGOT_TRY(check_fit(user_data, facts), "");
                user_data_ = std::move(user_data);
                access_ = std::move(parsed->access);
                return {};
            }};
}

Step Agent::find_address_step() {
    return {.name = "node",
            .description = "finding this machine's address in the private network",
            .apply = [this]() -> Status {
                INGOT_ASSIGN(node_, make_node(*metadata_, *user_data_, read_facts(environment_.root)), "");
                node_->instance_id = journal_->data_instance();
                log::info(text::format("this is {} at {}", node_->name, node_->address));
                board_.set_identity(node_->name, to_string(node_->config.role), node_->config.cluster);
                return files::write(environment_.root.at(kNodeFile), to_json_text(*node_), {.mode = 0600});
            }};
}

Step Agent::clone_step() {
    return {.name = "node.clone",
            .description = "making sure whose data is on this disk",
            .frequency = Frequency::per_instance,
            .apply = [this]() -> Status {
                const auto data = folders_with_data(environment_.root, role_data(*node_));
                const auto decision = decide_clone({.instance_id = metadata_->instance_id,
                                                    .data_instance = journal_->data_instance(),
                                                    .data = data,
                                                    .choice = node_->config.on_clone});
                if (const auto* const refusal = std::get_if<RefuseClone>(&decision)) {
                    return fail(ErrorKind::refused, refusal->reason);
                }
                if (const auto* const move = std::get_if<MoveAside>(&decision)) {
                    log::warning(text::format("moving {} aside: the user-data says on_clone: renew",
                                              text::join(move->data, " and ")));
                    INGOT_TRY(move_aside(environment_.root, move->data, journal_->data_instance()), "");
                }
                if (std::holds_alternative<KeepIdentity>(decision)) { return {}; }
                INGOT_TRY(journal_->own_data(), "");
                node_->instance_id = journal_->data_instance();
                return {};
            }};
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

bool Agent::open_journal() {
    auto opened = Journal::open(environment_.root.at(kJournal), metadata_->instance_id, environment_.clock);
    while (!opened) {
        board_.state(NodeState::waiting, {opened.error().to_string()});
        if (!stop_.pause(std::chrono::seconds(1))) { return false; }
        opened = Journal::open(environment_.root.at(kJournal), metadata_->instance_id, environment_.clock);
    }
    journal_ = *std::move(opened);
    return true;
}

bool Agent::set_up_access() {
    auto steps = network_steps(*metadata_, environment_);
    auto keys = metadata_keys_steps(*metadata_, environment_);
    std::ranges::move(keys, std::back_inserter(steps));
    return run(std::move(steps));
}

bool Agent::set_up_machine() {
    std::vector<Step> steps;
    // What says "the same node with another id" keeps what others know it by.
    const bool same_node = user_data_->ingot && user_data_->ingot->on_clone == cloud_init::OnClone::rejoin;
    if (journal_->previous_instance() && !same_node) { steps = renewal_steps(environment_); }
    auto more = cloud_config_steps(*user_data_, *metadata_, environment_);
    std::ranges::move(more, std::back_inserter(steps));
    return run(std::move(steps));
}

std::optional<Role> Agent::set_up_node() {
    std::vector<Step> steps{find_address_step()};
    if (journal_->previous_instance()) { steps.push_back(clone_step()); }
    if (!run(std::move(steps)) || !run({firewall_step(*node_, access_.firewall, environment_), identity_step()})) {
        return std::nullopt;
    }
    auto role = make_role(*node_, environment_);
    if (node_->config.role == cloud_init::Role::etcd) { add_join_service(role, *node_, access_, environment_); }
    if (!run(role.steps)) { return std::nullopt; }
    return role;
}

void Agent::work() {
    remove_leftovers(environment_);
    if (!run({read_datasource_step()}) || !open_journal() || !set_up_access()) { return; }
    if (!run({read_user_data_step()}) || !set_up_machine()) { return; }
    auto role = set_up_node();
    if (!role || !run(finish_steps(user_data_->cloud_config, *metadata_, environment_))) { return; }
    board_.state(NodeState::ready);
    log::info(text::format("{} is ready", node_->name));
    if (const auto confined = confine(); !confined) {
        log::warning("going on with all rights: " + confined.error().to_string());
    }
    role->duties.push_back(identity_duty());
    role->duties.push_back(
        metrics::metrics_duty(std::make_shared<metrics::Metrics>(*node_, environment_, board_, role->figures)));
    const Duties duties(role->duties, board_, stop_);
    while (stop_.pause(std::chrono::hours(1))) {}
}

} // namespace ingot::firstboot::cli
