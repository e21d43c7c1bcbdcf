#include "firstboot/etcd/act.hpp"

#include <algorithm>
#include <filesystem>

#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/etcd/crash_point.hpp"
#include "firstboot/etcd/disk.hpp"
#include "firstboot/etcd/observe.hpp"
#include "firstboot/etcd/render.hpp"

namespace ingot::firstboot::etcd {

namespace {

namespace fs = std::filesystem;

/// etcd makes a member's id of its URL and the second in which it was added: the same second gives the same id.
constexpr auto kBetweenChanges = std::chrono::milliseconds(1100);
constexpr auto kLockTime = std::chrono::seconds(15);
constexpr std::size_t kKeptAside = 2;

std::string aside_folder() { return text::format("{}/aside", paths::kEtcdData); }
std::string member_folder() { return text::format("{}/member", paths::kEtcdData); }

/// Its owner is the unit's affair (StateDirectory= in ingot-etcd.service).
Status make_data_folder(const Member& member) {
    const auto folder = member.environment.root.at(paths::kEtcdData);
    return files::exists(folder) ? Status() : files::make_directory(folder, {.mode = 0700});
}

Status start_unit(const Member& member, const Founding& founding, StartMode mode) {
    const auto& root = member.environment.root;
    INGOT_TRY(
        files::write_if_different(root.at(kEnvironmentFile), render_etcd_environment(member.node, founding, mode)),
        "writing the settings of etcd");
    INGOT_TRY(member.environment.services.start(kUnit), "starting etcd");
    return {};
}

std::vector<std::string> healthy_endpoints(const Situation& situation, std::uint64_t cluster_id) {
    std::vector<std::string> endpoints;
    for (const auto& cluster : situation.clusters) {
        if (cluster.id != cluster_id) { continue; }
        for (const auto& listed : cluster.members) {
            if (listed.healthy && !listed.member.learner && !listed.member.client_urls.empty()) {
                endpoints.push_back(listed.member.client_urls.front());
            }
        }
    }
    return endpoints;
}

class Actor {
  public:
    Actor(Member& member, const Situation& situation) : member_(member), situation_(situation) {}

    Status operator()(const StartExisting& /*decision*/) const {
        return start_unit(member_, *situation_.record, StartMode::existing);
    }
    Status operator()(const Prepare& decision) const {
        log::info(text::format("founding etcd: prepared, token {}", decision.record.token));
        INGOT_TRY(write_founding(root(), decision.record), "");
        return fail(ErrorKind::transient, "waiting for the other founders to prepare");
    }
    Status operator()(const Commit& decision) const {
        log::info(text::format("founding etcd: committed, {}", decision.record.initial_cluster));
        INGOT_TRY(write_founding(root(), decision.record), "");
        return (*this)(StartFounder{decision.record});
    }
    Status operator()(const StartFounder& decision) const { return start_first(decision.record, StartMode::found); }
    Status operator()(const StartJoiner& decision) const {
        log::info(text::format("joining etcd as {}: {}", hex_id(decision.record.member_id),
                               decision.record.initial_cluster));
        return start_first(decision.record, StartMode::existing);
    }
    Status operator()(const AddLearner& decision) const {
        return change([&](ClusterSession& etcd) { return add_learner(etcd, decision); }, decision.cluster);
    }
    Status operator()(const RemoveMember& decision) const {
        return change([&](ClusterSession& etcd) { return remove_member(etcd, decision); }, decision.cluster);
    }
    Status operator()(const PutAside& decision) const {
        log::warning(text::format("putting the etcd data of this machine aside: {}", decision.reason));
        // The record first: with it, this machine never starts that data again, wherever the power goes.
        INGOT_TRY(write_founding(root(), decision.record), "");
        INGOT_TRY(member_.environment.services.stop(kUnit), "stopping etcd");
        INGOT_TRY(put_data_aside(member_), "");
        return fail(ErrorKind::transient, "joining the cluster anew: " + decision.reason);
    }
    Status operator()(const WaitFor& decision) const { return fail(ErrorKind::transient, decision.reason); }
    Status operator()(const Refuse& decision) const { return fail(ErrorKind::refused, decision.reason); }

  private:
    [[nodiscard]] const files::Root& root() const { return member_.environment.root; }

    Status start_first(Founding record, StartMode mode) const {
        record.phase = Phase::started;
        INGOT_TRY(write_founding(root(), record), "");
        INGOT_TRY(start_unit(member_, record, mode), "");
        pass_crash_point("running");
        return {};
    }

    /// A change of the membership: one machine at a time, and only if it is still what a second look says. etcd's
    /// locks are advice, the checks of etcd itself are what counts; this keeps two from getting in each other's way.
    template <typename Change>
    Status change(Change&& make, std::uint64_t cluster) const {
        auto etcd = member_.session_with(healthy_endpoints(situation_, cluster));
        INGOT_ASSIGN(const auto lock, LeaseLock::acquire(*etcd, member_.key("lock"), member_.node.name, kLockTime),
                     "waiting for a change of the membership by another machine");
        INGOT_ASSIGN(const auto again, observe(member_, situation_.is_serving), "");
        if (describe_decision(decide(again)) != describe_decision(decide(situation_))) {
            return fail(ErrorKind::transient, "the cluster has changed meanwhile; looking again");
        }
        auto& clock = member_.environment.clock;
        if (member_.last_change) {
            const auto passed = clock.monotonic() - *member_.last_change;
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(kBetweenChanges - passed);
            if (left.count() > 0) { clock.sleep(left); }
        }
        auto changed = make(etcd);
        member_.last_change = clock.monotonic();
        return changed;
    }

    Status add_learner(ClusterSession& etcd, const AddLearner& decision) const {
        // What an earlier life left beside its log must not meet the new one.
        INGOT_TRY(put_data_aside(member_), "");
        INGOT_ASSIGN(const auto answer, etcd->add_learner(url_of(member_.node.address, kPeerPort)), "");
        pass_crash_point("added");
        const auto& added = answer.front();
        const std::vector<EtcdMember> members(answer.begin() + 1, answer.end());
        log::info(text::format("the etcd cluster {} has taken this machine in as learner {}",
                               hex_id(decision.cluster), hex_id(added.id)));
        const auto* const record = own_record(situation_);
        const Founding joining{.cluster_id = situation_.cluster_id,
                               .name = situation_.name,
                               .instance_id = situation_.instance_id,
                               .phase = Phase::joining,
                               .token = "",
                               .initial_cluster = initial_cluster_of(members, added.id, situation_.name),
                               .nonce = record == nullptr ? "" : record->nonce,
                               .joined = true,
                               .member_id = added.id,
                               .etcd_cluster = decision.cluster};
        INGOT_TRY(write_founding(root(), joining), "");
        return fail(ErrorKind::transient, "taken in as a learner; starting etcd");
    }

    static Status remove_member(ClusterSession& etcd, const RemoveMember& decision) {
        log::warning(text::format("removing member {} from etcd: {}", hex_id(decision.id), decision.reason));
        INGOT_TRY(etcd->remove_member(decision.id), "");
        pass_crash_point("taken-out");
        return fail(ErrorKind::transient, "removed: " + decision.reason);
    }

    Member& member_;
    const Situation& situation_;
};

} // namespace

Status put_data_aside(const Member& member) {
    const auto& root = member.environment.root;
    const auto present = root.at(member_folder());
    if (!files::exists(present)) { return {}; }
    const auto parent = root.at(aside_folder());
    INGOT_TRY(files::make_directory(parent, {.mode = 0700}), "");
    const auto place = parent / text::replace_all(clock::to_rfc3339(member.environment.clock.now()), ":", "");
    std::error_code error;
    fs::rename(present, place, error);
    if (error) {
        return fail_errno(error.value(), text::format("moving {} to {}", present.string(), place.string()));
    }
    INGOT_TRY(files::sync_directory(parent), "");
    INGOT_TRY(files::sync_directory(root.at(paths::kEtcdData)), "");
    log::warning(text::format("{} is at {} now", present.string(), place.string()));
    INGOT_ASSIGN(const auto kept, files::list(parent), "");
    for (std::size_t index = 0; index + kKeptAside < kept.size(); ++index) {
        INGOT_TRY(files::remove_tree(parent / kept[index]), "removing what was put aside long before");
    }
    return {};
}

Status decide_and_act(Member& member, bool is_serving) {
    const std::scoped_lock lock(member.deciding);
    INGOT_TRY(make_data_folder(member), "making the data folder of etcd");
    INGOT_ASSIGN(const auto situation, observe(member, is_serving), "");
    return std::visit(Actor(member, situation), decide(situation));
}

} // namespace ingot::firstboot::etcd
