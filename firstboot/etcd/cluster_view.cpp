#include "firstboot/etcd/cluster_view.hpp"

#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/etcd/founding.hpp"

namespace ingot::firstboot {

namespace {

bool is_voter(const ListedMember& listed) { return !listed.member.learner; }

std::string_view state_of(const ListedMember& listed) {
    if (listed.healthy) { return "healthy"; }
    if (listed.answers) { return "up, without a leader"; }
    return listed.active ? "does not answer here, but others hear it" : "silent";
}

} // namespace

std::size_t count_voters(const ClusterView& cluster) {
    return static_cast<std::size_t>(std::ranges::count_if(cluster.members, is_voter));
}

std::size_t count_healthy_voters(const ClusterView& cluster) {
    return static_cast<std::size_t>(std::ranges::count_if(
        cluster.members, [](const ListedMember& listed) { return is_voter(listed) && listed.healthy; }));
}

const ListedMember* find_learner(const ClusterView& cluster) {
    const auto found =
        std::ranges::find_if(cluster.members, [](const ListedMember& listed) { return listed.member.learner; });
    return found == cluster.members.end() ? nullptr : &*found;
}

std::string host_of(std::string_view url) {
    if (const auto scheme = url.find("://"); scheme != std::string_view::npos) { url.remove_prefix(scheme + 3); }
    if (url.starts_with('[')) {
        const auto end = url.find(']');
        return std::string(url.substr(1, end == std::string_view::npos ? end : end - 1));
    }
    return std::string(url.substr(0, url.find_first_of(":/")));
}

std::string address_of(const EtcdMember& member) {
    return member.peer_urls.empty() ? "" : host_of(member.peer_urls.front());
}

std::string label_of(const EtcdMember& member) { return member.name.empty() ? hex_id(member.id) : member.name; }

std::string describe(const ClusterView& cluster) {
    std::vector<std::string> members;
    for (const auto& listed : cluster.members) {
        members.push_back(text::format("{} ({}, {}, {})", label_of(listed.member), address_of(listed.member),
                                       listed.member.learner ? "learner" : "voter", state_of(listed)));
    }
    return text::join(members, ", ");
}

std::optional<std::string> removal_risk(const ClusterView& cluster, const ListedMember& victim) {
    if (!cluster.quorate) { return "the cluster has no quorum"; }
    // A learner has no vote: taking it away changes nothing for the others.
    if (victim.member.learner) { return std::nullopt; }
    if (!victim.is_dead()) { return text::format("{} is not dead: {}", label_of(victim.member), state_of(victim)); }
    if (const auto* const learner = find_learner(cluster)) {
        return text::format("{} is still being taken in", label_of(learner->member));
    }
    const auto voters = count_voters(cluster);
    const auto healthy = count_healthy_voters(cluster);
    if (voters < 2) { return "it is the only voter"; }
    const auto needed = std::max(quorum_of(voters), quorum_of(voters - 1));
    if (healthy < needed) {
        return text::format("only {} of {} voters are healthy, and {} are needed", healthy, voters, needed);
    }
    return std::nullopt;
}

std::string initial_cluster_of(const std::vector<EtcdMember>& members, std::uint64_t own_id,
                               std::string_view own_name) {
    std::vector<std::string> entries;
    for (const auto& member : members) {
        const auto name = member.id == own_id ? std::string(own_name) : label_of(member);
        for (const auto& url : member.peer_urls) { entries.push_back(text::format("{}={}", name, url)); }
    }
    return text::join(entries, ",");
}

std::string initial_cluster_of(const ClusterView& cluster, std::uint64_t own_id, std::string_view own_name) {
    std::vector<EtcdMember> members;
    for (const auto& listed : cluster.members) { members.push_back(listed.member); }
    return initial_cluster_of(members, own_id, own_name);
}

std::vector<std::string> still_waiting(const ClusterView& cluster) {
    auto names = cluster.waiting;
    std::erase_if(names, [&cluster](const std::string& name) {
        return std::ranges::any_of(cluster.members,
                                   [&name](const ListedMember& listed) { return listed.member.name == name; });
    });
    return names;
}

} // namespace ingot::firstboot
