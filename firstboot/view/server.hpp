// The view of etcd for proxies: an etcd node's agent answers on port 2383 what decide.cpp lets it.
//
// SAFETY: nothing that a caller sends is passed on. A question is read into a value, judged, and what it stands for
// is asked of this node's own etcd. One caller has a few connections, each ends within seconds, and writes are
// counted; the join service has a port and threads of its own.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "common/tls/server.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/join/decide.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"
#include "firstboot/view/decide.hpp"
#include "firstboot/view/pace.hpp"

namespace ingot::firstboot::view {

class Clerk {
  public:
    /// `open` gives a connection to this node's etcd; `environment` must outlive the object.
    Clerk(std::string cluster, Environment& environment, std::function<EtcdSession()> open);

    /// Answers one request. Called from several threads.
    tls::Response answer(const tls::Request& request);

  private:
    /// A connection to etcd that is kept for the next question, unless this one failed.
    std::unique_ptr<EtcdSession> take();
    void give_back(std::unique_ptr<EtcdSession> session);

    Result<std::string> answer(const tls::Request& request, const Caller& caller, const Question& question);
    /// Who was revoked gets nothing any more, although his certificate has not ended.
    Status check_revoked(const tls::Request& request, const Caller& caller, EtcdSession& etcd);
    Status check_pace(const Caller& caller, const Question& question);
    tls::Response refuse(const Error& error, const std::string& who);

    std::string cluster_;
    Environment& environment_;
    std::function<EtcdSession()> open_;
    std::mutex mutex_{}; ///< for all below
    std::vector<std::unique_ptr<EtcdSession>> idle_{};
    Pace writes_;
    Pace complaints_;
    std::vector<join::Revocation> revoked_{};
    clock::Monotonic revoked_read_{};
};

/// Serves at the node's address; transient if it cannot be bound yet.
Result<std::unique_ptr<tls::Server>> serve(const NodeSpec& node, Environment& environment,
                                           std::function<EtcdSession()> open, std::uint16_t port = kPort);

} // namespace ingot::firstboot::view
