// Serves the metadata documents over HTTP/1.1: one thread, one short answer per connection.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "builder/lab/model/metadata.hpp"
#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

class MetadataServer {
  public:
    /// The machine that has this address; called from the server's thread.
    using Lookup = std::function<std::optional<Instance>(const std::string& address)>;

    /// Listens on `address`:80 and answers until destroyed.
    static Result<std::unique_ptr<MetadataServer>> start(const std::string& address, Lookup lookup);
    MetadataServer(files::Fd listener, Lookup lookup);

  private:
    void serve(const std::stop_token& stop);
    files::Fd listener_;
    Lookup lookup_;
    std::jthread thread_;
};

} // namespace ingot::builder::lab
