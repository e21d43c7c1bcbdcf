#include "firstboot/etcd/care.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::firstboot::etcd {

namespace {

/// As etcd asks it: nine tenths of the way, or a thousand entries behind.
bool has_caught_up(const LearnerView& learner) {
    constexpr std::int64_t kShare = 10;
    constexpr std::int64_t kFew = 1000;
    const auto& status = *learner.status;
    if (!status.learner || status.applied_index <= 0) { return false; }
    const auto behind = learner.leader_index - status.applied_index;
    return behind <= std::max(learner.leader_index / kShare, kFew);
}

std::int64_t empty_bytes(const MemberSpace& member) { return member.size - member.in_use; }

bool is_worth_it(const MemberSpace& member) {
    constexpr std::int64_t kSmall = 100'000'000;
    constexpr std::int64_t kShare = 45;
    constexpr std::int64_t kHundred = 100;
    return member.size >= kSmall && empty_bytes(member) * kHundred >= member.size * kShare;
}

} // namespace

LearnerDecision decide_learner(const ClusterView& cluster, const LearnerView& learner,
                               std::chrono::seconds evict_after) {
    const auto* const listed = find_learner(cluster);
    if (listed == nullptr) { return Leave{}; }
    const auto name = label_of(listed->member);
    if (!learner.agent_answers && learner.without_progress >= evict_after) {
        return Evict{.id = listed->member.id,
                     .reason = text::format("the learner {} makes no progress and its machine is silent for {} s",
                                            name, learner.without_progress.count())};
    }
    if (!learner.status || listed->member.name.empty()) {
        return Leave{text::format("the learner {} does not run yet", name)};
    }
    if (!has_caught_up(learner)) { return Leave{text::format("the learner {} is catching up", name)}; }
    const bool becomes_odd = count_voters(cluster) % 2 == 0;
    if (!becomes_odd && still_waiting(cluster).empty()) {
        return Leave{
            text::format("the learner {} is ready, and becomes a voter when another machine waits as well: an "
                         "even number of voters tolerates no more than one less",
                         name)};
    }
    return Promote{listed->member.id};
}

std::optional<std::uint64_t> choose_defragmentation(const std::vector<MemberSpace>& members) {
    const MemberSpace* chosen = nullptr;
    for (const auto& member : members) {
        if (!is_worth_it(member)) { continue; }
        const bool better = chosen == nullptr || (chosen->leader && !member.leader) ||
                            (chosen->leader == member.leader && empty_bytes(member) > empty_bytes(*chosen));
        if (better) { chosen = &member; }
    }
    if (chosen == nullptr) { return std::nullopt; }
    return chosen->id;
}

bool is_nearly_full(const MemberSpace& member, std::int64_t quota) {
    constexpr std::int64_t kFifth = 5;
    return member.in_use >= quota / kFifth * (kFifth - 1);
}

std::string describe_space(const SpaceView& view, std::int64_t quota) {
    constexpr std::int64_t kHundred = 100;
    auto words = text::format("{} of {} ({} %), {}", text::human_bytes(static_cast<std::uint64_t>(view.size)),
                              text::human_bytes(static_cast<std::uint64_t>(quota)), view.size * kHundred / quota,
                              view.alarms.empty() ? "no alarm" : "ALARM " + text::join(view.alarms, ", "));
    if (view.compacted && view.revision) {
        words += *view.compacted < 0
                     ? std::string("; not compacted since it began")
                     : text::format("; compacted up to revision {:.0f} of {:.0f}", *view.compacted, *view.revision);
    }
    return words + (view.defragmented.empty()
                        ? std::string("; never defragmented")
                        : text::format("; last defragmented: {} at {}", view.defragmented, view.defragmented_at));
}

std::string summarise(const ClusterView& cluster) {
    const auto voters = count_voters(cluster);
    const auto healthy = count_healthy_voters(cluster);
    const auto needed = quorum_of(voters);
    const auto spare = healthy >= needed ? healthy - needed : 0;
    auto text = text::format("{} voters, {} healthy, {} may fail", voters, healthy, spare);
    if (const auto* const learner = find_learner(cluster)) {
        text += text::format("; {} is being taken in", label_of(learner->member));
    }
    if (const auto waiting = still_waiting(cluster); !waiting.empty()) {
        text += text::format("; waiting: {}", text::join(waiting, ", "));
    }
    return text;
}

std::vector<std::string> complaints(const ClusterView& cluster) {
    std::vector<std::string> lines;
    for (const auto& listed : cluster.members) {
        if (listed.healthy) { continue; }
        lines.push_back(text::format("{} ({}) {}", label_of(listed.member), address_of(listed.member),
                                     listed.is_dead() ? text::format("is silent for {} s", listed.silent_for.count())
                                                      : std::string("is not well")));
    }
    if (!lines.empty()) { lines.push_back(summarise(cluster)); }
    const auto voters = count_voters(cluster);
    if (lines.empty() && voters % 2 == 0 && find_learner(cluster) == nullptr) {
        lines.push_back(text::format("{} voters tolerate no more failures than {}: boot one more etcd machine",
                                     voters, voters - 1));
    }
    return lines;
}

std::optional<std::string> leave_risk(const ClusterView& cluster, std::uint64_t self, bool anyway) {
    const auto own = std::ranges::find_if(cluster.members,
                                          [self](const ListedMember& listed) { return listed.member.id == self; });
    if (own == cluster.members.end()) { return "this machine is not in the list of members"; }
    if (own->member.learner) { return std::nullopt; }
    const auto voters = count_voters(cluster);
    if (voters == 1) { return "this is the only voter: with it, the cluster's data would go"; }
    if (const auto* const learner = find_learner(cluster)) {
        return text::format("{} is being taken in; try again when it has been", label_of(learner->member));
    }
    const auto others = count_healthy_voters(cluster) - (own->healthy ? 1U : 0U);
    const auto needed = quorum_of(voters - 1);
    if (others < needed) {
        return text::format("of the {} others {} are healthy, and {} are needed for a quorum: {}", voters - 1, others,
                            needed, describe(cluster));
    }
    const bool tolerates_less = (voters - 1) - quorum_of(voters - 1) < voters - quorum_of(voters);
    if (tolerates_less && still_waiting(cluster).empty() && !anyway) {
        return text::format("{} voters would stay, and {} may fail then where now {} may: boot another etcd machine "
                            "first, which takes this one's place, or say --anyway",
                            voters - 1, (voters - 1) - needed, voters - quorum_of(voters));
    }
    return std::nullopt;
}

std::string drift(const ClusterView& cluster, const Founders& founders) {
    std::vector<std::string> strangers;
    std::vector<std::string> missing;
    const auto is_member = [&cluster](const std::string& address) {
        return std::ranges::any_of(
            cluster.members, [&address](const ListedMember& listed) { return address_of(listed.member) == address; });
    };
    for (const auto& listed : cluster.members) {
        const auto address = address_of(listed.member);
        const bool known =
            std::ranges::any_of(founders, [&address](const auto& founder) { return founder.second == address; });
        if (!known) { strangers.push_back(text::format("{}: {}", label_of(listed.member), address)); }
    }
    for (const auto& [name, address] : founders) {
        if (!is_member(address)) { missing.push_back(text::format("{}: {}", name, address)); }
    }
    if (missing.empty()) { return {}; }
    return text::format("etcd.founders of the user-data names {}, which is no member any more; members that it does "
                        "not name: {}. Correct cluster.yaml, so that machines booted from now on find the cluster",
                        text::join(missing, ", "), strangers.empty() ? "none" : text::join(strangers, ", "));
}

} // namespace ingot::firstboot::etcd
