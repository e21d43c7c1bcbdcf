#include <type_traits>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/etcd_client.hpp"
#include "firstboot/etcd/etcd.hpp"
#include "firstboot/etcd/observe.hpp"
#include "firstboot/etcd/render.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot {

namespace {

constexpr std::string_view kUnit = "ingot-etcd.service";
constexpr std::string_view kEnvironmentFile = "/etc/ingot/etcd.env";
constexpr int kClientPort = 2379;

/// What the steps of one node share.
struct Member {
    NodeSpec node;
    Environment& environment;
    std::unique_ptr<tls::Server> attestation{};
};
using SharedMember = std::shared_ptr<Member>;

Status make_data_folder(const Member& member) {
    files::Ownership ownership{.mode = 0700};
    if (member.environment.root.is_system()) {
        ownership.user = "etcd";
        ownership.group = "etcd";
    }
    return files::make_directory(member.environment.root.at(paths::kEtcdData), ownership);
}

Status start_unit(const Member& member, const Founding& founding, StartMode mode) {
    const auto& root = member.environment.root;
    INGOT_TRY(
        files::write_if_different(root.at(kEnvironmentFile), render_etcd_environment(member.node, founding, mode)),
        "writing the settings of etcd");
    INGOT_TRY(member.environment.services.start(kUnit), "starting etcd");
    return {};
}

/// One round: look, decide, act. transient as long as there is more to do or to wait for.
class Actor {
  public:
    Actor(const Member& member, const Situation& situation) : member_(member), situation_(situation) {}

    Status operator()(const StartExisting& /*decision*/) const {
        return start_unit(member_, *situation_.record, StartMode::existing);
    }
    Status operator()(const Prepare& decision) const {
        log::info(text::format("founding etcd: prepared, token {}", decision.record.token));
        INGOT_TRY(write_founding(member_.environment.root, decision.record), "");
        return fail(ErrorKind::transient, "waiting for the other founders to prepare");
    }
    Status operator()(const Commit& decision) const {
        log::info(text::format("founding etcd: committed, {}", decision.record.initial_cluster));
        INGOT_TRY(write_founding(member_.environment.root, decision.record), "");
        return (*this)(StartFounder{decision.record});
    }
    Status operator()(const StartFounder& decision) const {
        auto record = decision.record;
        record.phase = Phase::started;
        INGOT_TRY(write_founding(member_.environment.root, record), "");
        return start_unit(member_, record, StartMode::found);
    }
    Status operator()(const WaitFor& decision) const { return fail(ErrorKind::transient, decision.reason); }
    Status operator()(const Refuse& decision) const { return fail(ErrorKind::refused, decision.reason); }

  private:
    const Member& member_;
    const Situation& situation_;
};

Status decide_and_act(const Member& member) {
    INGOT_TRY(make_data_folder(member), "making the data folder of etcd");
    INGOT_ASSIGN(const auto situation, observe(member.node, member.environment), "");
    return std::visit(Actor(member, situation), decide(situation));
}

/// Asks the own member, not the cluster: that one must serve before this node is ready.
Status check_own_member(const Member& member) {
    const auto http = member.environment.make_http();
    EtcdClient client(*http, {url_of(member.node.address, kClientPort)}, tls_for(member.environment.root, "etcd"));
    return client.check_quorum();
}

Status await_quorum(const Member& member) {
    INGOT_ASSIGN(const auto state, member.environment.services.state(kUnit), "");
    if (state == "failed" || state == "inactive") {
        INGOT_TRY(member.environment.services.start(kUnit), "starting etcd again");
    }
    INGOT_TRY(check_own_member(member), text::format("etcd ({}) has no quorum yet", state));
    INGOT_ASSIGN(auto record, read_founding(member.environment.root), "");
    if (record && record->phase == Phase::started && has_write_ahead_log(member.environment.root)) {
        record->phase = Phase::member;
        INGOT_TRY(write_founding(member.environment.root, *record), "");
    }
    return {};
}

} // namespace

Role make_etcd_role(const NodeSpec& node, Environment& environment) {
    const auto member = std::make_shared<Member>(Member{.node = node, .environment = environment});
    Role role;
    role.steps.push_back({.name = "etcd.attest",
                          .description = "answering the other founders",
                          .check = [member]() -> Result<bool> { return member->attestation != nullptr; },
                          .apply = [member]() -> Status {
                              INGOT_ASSIGN(member->attestation,
                                           serve_attestation(member->node, member->environment.root),
                                           "answering the other founders");
                              return {};
                          }});
    role.steps.push_back({.name = "etcd.start",
                          .description = "starting etcd, as a founder or with the data at hand",
                          .apply = [member] { return decide_and_act(*member); }});
    role.steps.push_back({.name = "etcd.quorum", .description = "waiting for a quorum of etcd", .apply = [member] {
                              return await_quorum(*member);
                          }});
    role.duties.push_back({.name = "etcd.serve", .interval = std::chrono::seconds(15), .run = [member] {
                               return await_quorum(*member);
                           }});
    return role;
}

} // namespace ingot::firstboot
