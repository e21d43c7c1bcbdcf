// An address that one of the proxies has, whichever is well: keepalived, for networks that have no load balancer.
//
// VRRP by unicast between the proxies, so that no multicast is needed and nobody else takes part. All proxies have
// the same priority, so an address that works does not move; who is not well (its pools and HAProxy do not answer, or
// HAProxy finds no leader) counts less and gives it away. If none is well, one of them has it all the same. HAProxy
// listens on the address also where it is not, for the pools too, so that nothing has to be started when it comes.
#pragma once

#include <chrono>
#include <set>
#include <string>
#include <string_view>

#include "firstboot/proxy/observe.hpp"

namespace ingot::firstboot::proxy {

inline constexpr std::string_view kKeepalivedUnit = "keepalived.service";
inline constexpr std::string_view kKeepalivedFile = "/etc/keepalived/keepalived.conf";
/// The agent writes here whether this proxy finds a leader: "0", or the weight that it loses.
inline constexpr std::string_view kHealthFile = "/run/ingot/proxy-health";

/// `peers`: the addresses of the other proxies.
std::string render_keepalived(const NodeSpec& node, std::string_view card, const std::set<std::string>& peers);
/// Reads the peers back from a file of ours.
std::set<std::string> peers_from_config(std::string_view config);
/// Peers to write: who is registered, and who was known before. A proxy that lost its registration because etcd was
/// away has the address perhaps: forgetting it would make two. Those that are gone do no harm, and go when there are
/// many.
std::set<std::string> peers_to_know(const std::set<std::string>& known, const std::set<std::string>& registered,
                                    std::string_view own);
/// The card of this machine that has `address`. By ioctl: the agent's sandbox has no netlink.
Result<std::string> card_of(const std::string& address);

/// The duty: keepalived runs, and knows the other proxies.
class VirtualAddress {
  public:
    explicit VirtualAddress(const Proxy& proxy) : proxy_(proxy) {}
    Status operator()();

  private:
    Status write_health() const;
    const Proxy& proxy_;
    std::unique_ptr<EtcdView> etcd_{};
    std::string card_{};
};

} // namespace ingot::firstboot::proxy
