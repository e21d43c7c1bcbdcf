// Carries connections from a port of the host into the lab's network.
//
// The listening socket was made before the lab left the host's network namespace and still belongs to it; the
// connection onwards is made in the lab's. So nothing has to be configured on the host.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "common/files/files.hpp"

namespace ingot::builder::lab {

class Forwarder {
  public:
    /// Where a connection may go, best first; asked for each connection.
    using Targets = std::function<std::vector<std::string>()>;

    /// Forwards from `listener` to `port` of the first target that answers.
    Forwarder(files::Fd listener, int port, Targets targets);

  private:
    void serve(const std::stop_token& stop);
    files::Fd listener_;
    int port_;
    Targets targets_;
    std::jthread thread_;
};

} // namespace ingot::builder::lab
