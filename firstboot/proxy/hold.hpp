// Holding clients back while the database's leader is changed on purpose (coordination/pause.hpp has the agreement).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "firstboot/coordination/pause.hpp"
#include "firstboot/proxy/observe.hpp"

namespace ingot::firstboot::proxy {

/// What is known when it has to be decided whether clients are held back.
struct HoldView {
    bool etcd_answers = false;
    std::optional<std::string> requested{}; ///< id of the request that stands in etcd
    std::optional<std::string> held{};      ///< id for which clients are held back now
    std::chrono::milliseconds held_for{};
    std::string over{};               ///< the last id for which they were: not again
    std::set<Endpoint> led_before{};  ///< who led when holding back began
    std::set<Endpoint> leading_now{}; ///< whom HAProxy's checks find to lead
};

enum class HoldStep { none, hold, release };
/// SAFETY: see coordination/pause.hpp. Release when another server leads; when the request is gone and somebody
/// leads; and after kPauseTtl, whatever else is true.
HoldStep decide_hold(const HoldView& view);

/// The duty.
class PoolHold {
  public:
    explicit PoolHold(const Proxy& proxy) : proxy_(proxy) {}
    Status operator()();

  private:
    /// Holds clients back if that is asked for. Returns the revision at which it looked.
    Result<std::int64_t> look();
    Status hold(const PauseRequest& request);
    Status wait_for_release(HoldView view);
    void release() const;

    const Proxy& proxy_;
    std::unique_ptr<EtcdView> etcd_{};
    bool released_once_ = false;
    std::string over_{};
};

} // namespace ingot::firstboot::proxy
