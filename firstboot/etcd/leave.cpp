// `ingot-agent etcd leave` and `ingot-agent etcd snapshot`.
#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/coordination/snapshot.hpp"
#include "firstboot/etcd/act.hpp"
#include "firstboot/etcd/care.hpp"
#include "firstboot/etcd/commands.hpp"
#include "firstboot/etcd/disk.hpp"
#include "firstboot/etcd/observe.hpp"
#include "firstboot/etcd/place.hpp"

namespace ingot::firstboot::etcd {

namespace {

constexpr auto kLockTime = std::chrono::seconds(15);
constexpr auto kLeaderPatience = std::chrono::seconds(15);
constexpr auto kHealthPatience = std::chrono::seconds(20);

/// Others first; they carry out what concerns this node.
ClusterSession session_with_others(const Member& member, const ClusterView& view, std::uint64_t self) {
    std::vector<std::string> endpoints;
    for (const auto& listed : view.members) {
        if (listed.healthy && !listed.member.learner && listed.member.id != self) {
            endpoints.push_back(listed.member.client_urls.front());
        }
    }
    return member.session_with(endpoints);
}

Status hand_over_leadership(Member& member, const ClusterView& view, std::uint64_t self) {
    auto own = member.own_session();
    const auto deadline = member.environment.clock.monotonic() + kLeaderPatience;
    for (;;) {
        INGOT_ASSIGN(const auto status, own->status(), "");
        if (status.leader != self) { return {}; }
        const auto heir = std::ranges::find_if(view.members, [self](const ListedMember& listed) {
            return listed.healthy && !listed.member.learner && listed.member.id != self;
        });
        if (heir == view.members.end()) { return fail(ErrorKind::refused, "there is nobody to lead after this one"); }
        const auto moved = own->move_leader(heir->member.id);
        if (!moved && member.environment.clock.monotonic() > deadline) { return moved; }
        member.environment.clock.sleep(std::chrono::milliseconds(200));
    }
}

bool is_refused(const Status& removed) {
    return !removed && removed.error().to_string().find("unhealthy cluster") != std::string::npos;
}

/// etcd removes a member only when the others have been connected for five seconds: after a change of the membership
/// it says "unhealthy cluster" for that long.
Status remove_self(Member& member, ClusterSession& others, LeaseLock& lock, std::uint64_t self) {
    const auto deadline = member.environment.clock.monotonic() + kHealthPatience;
    for (;;) {
        auto removed = others->remove_member(self);
        if (!is_refused(removed) || member.environment.clock.monotonic() > deadline) { return removed; }
        if (!lock.renew()) { return removed; } // what etcd said last still holds: nothing was removed
        member.environment.clock.sleep(std::chrono::seconds(1));
    }
}

/// A machine that was switched off stays in the list for as long as its lease lasts, and takes nobody's place.
Status forget_the_silent(Member& member, ClusterView& view) {
    auto own = member.own_session();
    INGOT_ASSIGN(const auto listing, own->list(member.key("waiting/")), "");
    for (const auto& entry : listing.entries) {
        const auto name = entry.key.substr(entry.key.rfind('/') + 1);
        const auto asked = ask_agent(member.environment, name, entry.value, attest_path(member.node.address));
        if (!asked.answer) { std::erase(view.waiting, name); }
    }
    return {};
}

} // namespace

Status leave(Environment& environment, bool anyway, const Say& say) {
    const auto& root = environment.root;
    INGOT_ASSIGN(const auto node, read_place(root), "");
    INGOT_ASSIGN(auto record, read_founding(root), "");
    if (record && record->phase == Phase::left) {
        say("this machine has left already");
        return {};
    }
    if (!record || record->phase != Phase::member) {
        return fail(ErrorKind::refused, "this machine is no member of the cluster: there is nothing to leave");
    }
    Member member{.node = node, .environment = environment};
    auto own = member.own_session();
    INGOT_ASSIGN(const auto identity, own->identify(), "the cluster has no quorum: nobody can leave now");
    INGOT_ASSIGN(const auto listed, own->members(), "");
    auto view = observe_members(member, identity.cluster_id, listed);
    INGOT_TRY(forget_the_silent(member, view), "");
    if (const auto risk = leave_risk(view, identity.member_id, anyway)) { return fail(ErrorKind::refused, *risk); }

    auto others = session_with_others(member, view, identity.member_id);
    INGOT_ASSIGN(auto lock, LeaseLock::acquire(*others, member.key("lock"), node.name, kLockTime),
                 "waiting for another change of the membership");
    // First the intention, durably: an etcd that ends because it was removed must not make the agent join again.
    record->leaving = true;
    INGOT_TRY(write_founding(root, *record), "");
    INGOT_TRY(hand_over_leadership(member, view, identity.member_id), "");
    if (const auto removed = remove_self(member, others, lock, identity.member_id); !removed) {
        if (is_refused(removed)) {
            record->leaving = false;
            INGOT_TRY(write_founding(root, *record), "");
        }
        return removed;
    }
    say(text::format("{} is no member any more; {} stay", node.name, view.members.size() - 1));
    static_cast<void>(others->remove(member.key("waiting/" + node.name))); // of the time when it was let in
    record->phase = Phase::left;
    INGOT_TRY(write_founding(root, *record), "");
    INGOT_TRY(environment.services.stop(kUnit), "stopping etcd");
    INGOT_TRY(put_data_aside(member), "");
    say("this machine can be switched off");
    return {};
}

Status snapshot(Environment& environment, const std::filesystem::path& file, const Say& say) {
    INGOT_ASSIGN(const auto node, read_place(environment.root), "");
    const Member member{.node = node, .environment = environment};
    auto own = member.own_session();
    INGOT_TRY(save_snapshot(own, std::filesystem::absolute(file)), "saving a snapshot");
    say(text::format("the data of the cluster is in {}", file.string()));
    return {};
}

} // namespace ingot::firstboot::etcd
