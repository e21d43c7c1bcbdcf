// The names by which pgBackRest's TLS servers know the db nodes: announced in etcd, followed on each server.
#pragma once

#include <string>

#include "firstboot/coordination/etcd_client.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::backup {

/// Tells the others that this db node is one. Its name means nothing without a certificate of the db CA for it.
Status announce(const NodeSpec& node, EtcdClient& etcd);

/// Writes who may connect, and makes the server read it if that changed; starts the server if it does not run.
/// Without etcd the last list stays.
Status keep_server(const NodeSpec& node, Environment& environment, EtcdClient& etcd);

/// Makes the server read the node's certificate again when that was renewed.
class ServerCertificate {
  public:
    Status operator()(Environment& environment);

  private:
    std::string loaded_{};
};

} // namespace ingot::firstboot::backup
