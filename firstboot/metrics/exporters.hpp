// The one port of a node that Prometheus asks: https://<address>:9180, with the node's certificate.
//
//   /metrics    the agent's own          /node       node-exporter
//   /postgres   postgres-exporter (db)   /etcd       etcd (etcd)
//
// The exporters listen on 127.0.0.1 only, without TLS, and run as nobody in particular: none of them holds the node's
// key, which on a db node is the key to the database. The agent passes their answers on. Patroni (:8008/metrics) and
// HAProxy
// (:8404/metrics) have TLS of their own.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/userdata.hpp"
#include "common/tls/server.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/status/board.hpp"
#include "firstboot/steps/steps.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::metrics {

inline constexpr std::uint16_t kPort = 9180;

/// A program on this node that answers Prometheus at the loopback address.
struct Exporter {
    std::string path; ///< under which it is passed on
    std::string url;
    std::string unit{}; ///< started by the agent; empty: it is started by other means
};
std::vector<Exporter> exporters_of(cloud_init::Role role);

/// Serves all of it, and looks after the exporters. `figures` are the role's own.
class Metrics {
  public:
    Metrics(const NodeSpec& node, Environment& environment, const StatusBoard& board,
            std::vector<std::function<std::string()>> figures);
    /// The duty: listens if it does not yet, and starts exporters that are not running.
    Status operator()();
    /// The answer to one question.
    [[nodiscard]] tls::Response answer(const tls::Request& request) const;

  private:
    NodeSpec node_;
    Environment& environment_;
    const StatusBoard& board_;
    std::vector<std::function<std::string()>> figures_;
    std::vector<Exporter> exporters_;
    std::unique_ptr<tls::Server> server_{};
};

/// As a duty of the agent.
Duty metrics_duty(const std::shared_ptr<Metrics>& metrics);

} // namespace ingot::firstboot::metrics
