#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/etcd/act.hpp"
#include "firstboot/etcd/disk.hpp"
#include "firstboot/etcd/duties.hpp"
#include "firstboot/etcd/etcd.hpp"
#include "firstboot/etcd/place.hpp"

namespace ingot::firstboot {

namespace {

using namespace etcd;

/// With the first answer of the own member its ids are known, and that it has become one.
Status record_membership(const Member& member, const EtcdIdentity& identity) {
    const auto& root = member.environment.root;
    INGOT_ASSIGN(auto record, read_founding(root), "");
    const bool is_new = record && (record->phase == Phase::started ||
                                   (record->phase == Phase::member && record->member_id != identity.member_id));
    if (!is_new || !has_write_ahead_log(root)) { return {}; }
    record->phase = Phase::member;
    record->member_id = identity.member_id;
    record->etcd_cluster = identity.cluster_id;
    INGOT_TRY(write_founding(root, *record), "");
    log::info(
        text::format("member {} of the etcd cluster {}", hex_id(identity.member_id), hex_id(identity.cluster_id)));
    return {};
}

/// After a recovery: the new cluster learns which ones it stands for, so that their members may join it.
Status record_recovery(const Member& member, ClusterSession& own) {
    const auto& root = member.environment.root;
    INGOT_ASSIGN(auto record, read_founding(root), "");
    if (!record || record->recovered_from.empty()) { return {}; }
    for (const auto id : record->recovered_from) {
        INGOT_TRY(own->put(member.key("superseded/" + hex_id(id)), member.node.name), "");
    }
    record->recovered_from.clear();
    return write_founding(root, *record);
}

/// The own member serves; if it does not, whatever is to be done for it is.
Status await_service(Member& member) {
    // The own member, not the cluster: that one must serve before this node is ready.
    auto own = member.own_session();
    const auto identity = own->identify();
    if (!identity) {
        INGOT_TRY(decide_and_act(member, false), "");
        const auto status = own->status();
        if (status && status->learner) {
            return fail(ErrorKind::transient, "a learner; waiting to be made a voter by the leader's agent");
        }
        return Error(identity.error()).with_context("etcd has no quorum yet");
    }
    INGOT_TRY(record_membership(member, *identity), "");
    INGOT_TRY(record_recovery(member, own), "");
    INGOT_ASSIGN(const auto members, own->members(), "");
    INGOT_TRY(remember_members(member.environment.root, members), "writing down the members of etcd");
    return {};
}

} // namespace

Role make_etcd_role(const NodeSpec& node, Environment& environment) {
    const auto member = std::make_shared<Member>(node, environment);
    Role role;
    role.steps.push_back({.name = "etcd.attest",
                          .description = "answering the other etcd machines",
                          .check = [member]() -> Result<bool> { return member->attestation != nullptr; },
                          .apply = [member]() -> Status {
                              INGOT_TRY(begin_record(member->node, member->environment.root), "");
                              INGOT_TRY(write_place(member->node, member->environment.root), "");
                              INGOT_ASSIGN(member->attestation,
                                           serve_attestation(member->node, member->environment.root,
                                                             [member = member.get()](const std::string& address) {
                                                                 const std::scoped_lock lock(member->calling);
                                                                 member->callers.insert(address);
                                                             }),
                                           "answering the other etcd machines");
                              member->listening_since = member->environment.clock.monotonic();
                              return {};
                          }});
    role.steps.push_back({.name = "etcd.start",
                          .description = "starting etcd: as a founder, with the data at hand, or to join",
                          .apply = [member] { return decide_and_act(*member, true); }});
    role.steps.push_back({.name = "etcd.quorum", .description = "waiting until etcd serves here", .apply = [member] {
                              return await_service(*member);
                          }});
    role.duties.push_back({.name = "etcd.serve", .interval = std::chrono::seconds(5), .run = [member] {
                               return await_service(*member);
                           }});
    for (auto& duty : make_duties(member)) { role.duties.push_back(std::move(duty)); }
    return role;
}

} // namespace ingot::firstboot
