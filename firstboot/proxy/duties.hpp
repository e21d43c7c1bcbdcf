// What a proxy does for as long as it runs.
#pragma once

#include <memory>
#include <optional>

#include "firstboot/proxy/observe.hpp"

namespace ingot::firstboot::proxy {

/// Keeps HAProxy's slots, and the file behind them, as the members are.
class MemberWatch {
  public:
    explicit MemberWatch(const Proxy& proxy) : proxy_(proxy) {}

    /// Once: looks, plans, does. Returns what the slots are now.
    Result<Layout> sync();
    /// sync(), then waits until the members change, a second at most: a HAProxy that was restarted has its slots
    /// back by then.
    Status operator()();

  private:
    const Proxy& proxy_;
    std::unique_ptr<EtcdView> etcd_{};
    std::optional<Endpoint> leader_{}; ///< who had the leader's key last
    std::int64_t revision_ = 0;        ///< of the last answer of etcd; 0: it did not answer
    std::string silence_{};
};

/// Registers this proxy, and sizes the pools by how many there are.
class PoolWatch {
  public:
    explicit PoolWatch(const Proxy& proxy) : proxy_(proxy) {}
    Status operator()();

  private:
    Status resize(Pool pool, int size);

    const Proxy& proxy_;
    std::unique_ptr<EtcdView> etcd_{};
};

/// HAProxy has a leader to send writes to.
Status check_leader(const Proxy& proxy);

/// The same, and all daemons run; those that do not are started.
Status check_service(const Proxy& proxy);

} // namespace ingot::firstboot::proxy
