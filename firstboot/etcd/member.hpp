// What the steps and duties of one etcd node share.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "common/clock/clock.hpp"
#include "common/tls/server.hpp"
#include "firstboot/coordination/cluster_client.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/etcd/founding.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::etcd {

inline constexpr std::string_view kUnit = "ingot-etcd.service";
inline constexpr std::string_view kEnvironmentFile = "/etc/ingot/etcd.env";

struct Member {
    NodeSpec node;
    Environment& environment;
    std::unique_ptr<tls::Server> attestation{};

    /// Addresses of members that called here: a cluster that the user-data does not know of.
    std::mutex calling{};
    std::set<std::string> callers{};
    std::optional<clock::Monotonic> listening_since{};

    // Touched by whoever decides; one at a time, under `deciding`.
    std::mutex deciding{};
    std::map<std::uint64_t, clock::Monotonic> silent_since{}; ///< by member id
    /// How much the healthy members had heard of a member that does not answer here, and when that last grew.
    struct Heard {
        double bytes = 0;
        clock::Monotonic since{};
    };
    std::map<std::uint64_t, Heard> heard{};
    std::uint64_t waiting_lease = 0;
    std::optional<clock::Monotonic> last_change{}; ///< when this machine last changed the membership

    /// A client for the cluster, by the members that are known.
    [[nodiscard]] ClusterSession session() const;
    /// A client for one member alone.
    [[nodiscard]] ClusterSession session_with(std::vector<std::string> endpoints) const;
    [[nodiscard]] ClusterSession own_session() const;
    [[nodiscard]] std::string key(std::string_view rest) const;
};
using SharedMember = std::shared_ptr<Member>;

} // namespace ingot::firstboot::etcd
