// The join service of an etcd node: answers on port 2382, and signs what decide() lets it.
#pragma once

#include <functional>
#include <memory>

#include "common/tls/server.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/join/decide.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::join {

class Signer {
  public:
    /// `open` gives a connection to etcd; `environment` must outlive the object.
    Signer(NodeSpec node, cloud_init::AccessConfig access, Environment& environment,
           std::function<EtcdSession()> open);

    /// Answers one request. Called from several threads.
    [[nodiscard]] tls::Response answer(const tls::Request& request) const;

  private:
    [[nodiscard]] tls::Response tell_trust(const tls::Request& request) const;
    /// Who asks, and which generation he has, is kept for those who rotate. Returns who is shut out; refused if he
    /// was revoked himself.
    Result<std::vector<std::string>> note(const tls::Request& request) const;
    [[nodiscard]] tls::Response sign(const tls::Request& request) const;
    [[nodiscard]] Result<Grant> grant(const SignRequest& request, const Applicant& applicant) const;

    NodeSpec node_;
    cloud_init::AccessConfig access_;
    Environment& environment_;
    std::function<EtcdSession()> open_;
};

/// Serves at the node's address; transient if it cannot be bound yet.
Result<std::unique_ptr<tls::Server>> serve(const NodeSpec& node, const cloud_init::AccessConfig& access,
                                           Environment& environment, std::function<EtcdSession()> open,
                                           std::uint16_t port = kPort);

/// True if something at the address listens where a node of the role does, or refuses: then the machine is there.
bool machine_answers(const std::string& address, int port, std::chrono::milliseconds patience);

} // namespace ingot::firstboot::join
