// Asks HAProxy and etcd: the effects behind the plans.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firstboot/coordination/session.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/proxy/slots.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::proxy {

inline constexpr std::string_view kHaproxyUnit = "haproxy.service";
inline constexpr std::string_view kPgbouncerUnit = "pgbouncer.service";

/// What the steps and duties of one node share.
struct Proxy {
    NodeSpec node;
    Environment& environment;

    [[nodiscard]] EtcdSession etcd() const;
    /// One line for HAProxy's Runtime API.
    [[nodiscard]] Result<std::string> ask(std::string_view line) const;
};

Result<std::vector<Slot>> observe_slots(const Proxy& proxy);

/// The members, and the revision of etcd when they were read.
struct MembersView {
    std::vector<Endpoint> members{};
    std::int64_t revision = 0;
};
std::string members_prefix(const Proxy& proxy);
Result<MembersView> observe_members(const Proxy& proxy, EtcdSession& etcd);

/// Under it each proxy has a key of its own, bound to a lease.
std::string proxies_prefix(const Proxy& proxy);
/// How many connections this proxy's pool may open.
Result<int> observe_pool_size(const Proxy& proxy, EtcdSession& etcd);

} // namespace ingot::firstboot::proxy
