// Clusters as values, for the tests of what is decided about them.
#pragma once

#include <string>
#include <vector>

#include "common/text/text.hpp"
#include "firstboot/etcd/cluster_view.hpp"

namespace ingot::firstboot::test {

constexpr std::uint64_t kHome = 0xc1;

/// "etcd-N" at 10.0.0.(10+N) with id N, well.
inline ListedMember voter(int number) {
    const auto address = text::format("10.0.0.{}", 10 + number);
    return {.member = {.id = static_cast<std::uint64_t>(number),
                       .name = text::format("etcd-{}", number),
                       .peer_urls = {text::format("https://{}:2380", address)},
                       .client_urls = {text::format("https://{}:2379", address)},
                       .learner = false},
            .healthy = true,
            .answers = true,
            .active = true};
}

inline ListedMember dead(int number, int seconds = 600) {
    auto listed = voter(number);
    listed.healthy = listed.answers = listed.active = false;
    listed.silent_for = std::chrono::seconds(seconds);
    return listed;
}

inline ListedMember learner(int number) {
    auto listed = voter(number);
    listed.member.learner = true;
    return listed;
}

/// Added, never started.
inline ListedMember new_learner(int number) {
    auto listed = dead(number, 0);
    listed.member.learner = true;
    listed.member.name.clear();
    listed.member.client_urls.clear();
    return listed;
}

inline ClusterView cluster(std::vector<ListedMember> members, std::vector<std::string> waiting = {}) {
    return {.id = kHome,
            .quorate = true,
            .members = std::move(members),
            .waiting = std::move(waiting),
            .seen_at = "10.0.0.12"};
}

} // namespace ingot::firstboot::test
