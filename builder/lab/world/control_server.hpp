// The supervisor's Unix socket: a line of JSON in, a line of JSON out, each connection in its own thread.
#pragma once

#include <functional>
#include <thread>

#include "common/files/files.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

class ControlServer {
  public:
    /// Called from many threads at once.
    using Handler = std::function<Result<json::Json>(const json::Json& request)>;

    /// Listens on a bound socket and answers until destroyed. `answered` is told the op after its answer was sent.
    static Status start(ControlServer& server, files::Fd socket, Handler handler,
                        std::function<void(const std::string& op)> answered);

  private:
    void serve(const std::stop_token& stop);
    files::Fd listener_;
    Handler handler_;
    std::function<void(const std::string& op)> answered_;
    std::jthread thread_;
};

} // namespace ingot::builder::lab
