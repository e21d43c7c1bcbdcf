#include "firstboot/cli/setup.hpp"

#include <algorithm>
#include <iterator>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/cli/own_node.hpp"
#include "firstboot/datasource/datasource.hpp"
#include "firstboot/firewall/firewall.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/node/clone.hpp"
#include "firstboot/node/facts.hpp"
#include "firstboot/node/record.hpp"
#include "firstboot/status/status.hpp"
#include "firstboot/system/cloud_config.hpp"
#include "firstboot/system/finish.hpp"
#include "firstboot/system/leftovers.hpp"
#include "firstboot/system/network.hpp"
#include "firstboot/system/renewal.hpp"

namespace ingot::firstboot::cli {

namespace {

constexpr std::string_view kJournal = "/var/lib/ingot/journal.json";

} // namespace

Step Setup::read_datasource_step() {
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

Step Setup::read_user_data_step() {
    return {.name = std::string(kUserDataStep), .description = "checking the user-data", .apply = [this]() -> Status {
                const auto facts = read_facts(environment_.root);
                board_.set_identity("", facts.image_role, "");
                counting_ = metadata_->user_data;
                if (user_data_keys_) {
                    INGOT_ASSIGN(counting_, signed_text(counting_, *user_data_keys_, metadata_->signature), "");
                }
                const auto fetch = [this,
                                    get = fetch_with(environment_, user_data_keys_)](const std::string& address) {
                    auto text = get(address);
                    if (text) { included_[address] = *text; }
                    return text;
                };
                auto parsed = cloud_init::parse_node_data(
                    {.user_data = counting_, .vendor_data = metadata_->vendor_data, .fetch = fetch}, "user-data");
                if (!parsed) { return std::move(parsed).error(); }
                auto& user_data = parsed->user_data;
                for (const auto& warning : user_data.warnings) { log::warning(warning); }
                board_.set_identity("", facts.image_role, user_data.ingot ? user_data.ingot->cluster : "");
                INGOT_TRY(check_fit(user_data, facts), "");
                user_data_ = std::move(user_data);
                firewall_ = std::move(parsed->access.firewall);
                return {};
            }};
}

Step Setup::find_address_step() {
    return {.name = "node",
            .description = "finding this machine's address in the private network",
            .apply = [this]() -> Status {
                facts_ = read_facts(environment_.root);
                INGOT_ASSIGN(node_, make_node(*metadata_, *user_data_, facts_), "");
                node_->instance_id = journal_->data_instance();
                log::info(text::format("this is {} at {}", node_->name, node_->address));
                board_.set_identity(node_->name, to_string(node_->config.role), node_->config.cluster);
                return files::write(environment_.root.at(kNodeFile), to_json_text(*node_), {.mode = 0600});
            }};
}

Step Setup::clone_step() {
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

bool Setup::open_journal() {
    auto opened = Journal::open(environment_.root.at(kJournal), metadata_->instance_id, environment_.clock);
    while (!opened) {
        board_.state(NodeState::waiting, {opened.error().to_string()});
        if (!stop_.pause(std::chrono::seconds(1))) { return false; }
        opened = Journal::open(environment_.root.at(kJournal), metadata_->instance_id, environment_.clock);
    }
    journal_ = *std::move(opened);
    return true;
}

bool Setup::set_up_access() {
    auto steps = network_steps(*metadata_, environment_);
    auto keys = metadata_keys_steps(*metadata_, environment_);
    std::ranges::move(keys, std::back_inserter(steps));
    return runner_.run(steps, journal());
}

bool Setup::set_up_machine() {
    std::vector<Step> steps;
    // What says "the same node with another id" keeps what others know it by.
    const bool same_node = user_data_->ingot && user_data_->ingot->on_clone == cloud_init::OnClone::rejoin;
    if (journal_->previous_instance() && !same_node) { steps = renewal_steps(environment_); }
    auto more = cloud_config_steps(*user_data_, *metadata_, environment_);
    std::ranges::move(more, std::back_inserter(steps));
    return runner_.run(steps, journal());
}

Step Setup::pki_step() const {
    return {.name = "identity.folder",
            .description = "making the folder of this node's certificate",
            .apply = [this] { return make_pki_folder(environment_.root); }};
}

bool Setup::set_up_node() {
    std::vector<Step> steps{find_address_step()};
    if (journal_->previous_instance()) { steps.push_back(clone_step()); }
    if (!runner_.run(steps, journal())) { return false; }
    steps = {firewall_step(*node_, firewall_, environment_), pki_step()};
    auto more = role_machine_steps(*node_, environment_);
    std::ranges::move(more, std::back_inserter(steps));
    steps.push_back(hand_over_step());
    return runner_.run(steps, journal());
}

Step Setup::hand_over_step() {
    return {.name = "agent", .description = "handing over to ingot-agent.service", .apply = [this] {
                Handover handover{.metadata = *metadata_,
                                  .facts = facts_,
                                  .data_instance = journal_->data_instance(),
                                  .included = included_};
                handover.metadata.user_data = counting_;
                return files::write(environment_.root.at(kHandoverFile), to_json_text(handover), {.mode = 0600});
            }};
}

bool Setup::await_service() {
    const auto begin = environment_.clock.monotonic();
    const auto mark = environment_.root.at(kServesMark);
    const auto status = environment_.root.at(kStatusFile);
    std::string last;
    while (!files::exists(mark)) {
        // The agent's sandbox has no console.
        if (auto content = files::read(status); content && *content != last) {
            last = *std::move(content);
            if (const auto now = status_from_json(last)) { console_.say(to_line(*now)); }
        }
        const auto waited = environment_.clock.monotonic() - begin;
        if (!stop_.pause(handover_pause(std::chrono::duration_cast<std::chrono::milliseconds>(waited)))) {
            return false;
        }
    }
    return true;
}

bool Setup::work() {
    remove_leftovers(environment_);
    if (!runner_.run({read_datasource_step()}) || !open_journal() || !set_up_access()) { return false; }
    if (!runner_.run({read_user_data_step()}, journal()) || !set_up_machine() || !set_up_node()) { return false; }
    if (!await_service() ||
        !runner_.run(finish_steps(user_data_->cloud_config, *metadata_, environment_), journal())) {
        return false;
    }
    board_.state(NodeState::ready);
    log::info(text::format("{} is set up", node_->name));
    return true;
}

} // namespace ingot::firstboot::cli
