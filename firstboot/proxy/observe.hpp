// Asks HAProxy and etcd: the effects behind the plans.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firstboot/coordination/etcd_view.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/proxy/pool.hpp"
#include "firstboot/proxy/slots.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::proxy {

/// What the steps and duties of one node share.
struct Proxy {
    NodeSpec node;
    Environment& environment;

    /// What it sees of etcd, which does not let it in. For one thread at a time.
    [[nodiscard]] std::unique_ptr<EtcdView> etcd() const;
    /// One line for HAProxy's Runtime API.
    [[nodiscard]] Result<std::string> ask(std::string_view line) const;
};

Result<std::vector<Slot>> observe_slots(const Proxy& proxy);

/// The members, who of them has the leader's key, and the revision of etcd when that was read.
struct MembersView {
    std::vector<Endpoint> members{};
    std::optional<Endpoint> leader{};
    std::int64_t revision = 0;
};
Result<MembersView> observe_members(const Proxy& proxy, EtcdView& etcd);

/// How many connections this proxy's pools may open.
Result<PoolSizes> observe_pool_sizes(const Proxy& proxy, EtcdView& etcd);

} // namespace ingot::firstboot::proxy
