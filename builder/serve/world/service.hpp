// What ingot serve answers: decides by the model, keeps the state on disk, and says what it did.
#pragma once

#include <filesystem>
#include <functional>
#include <mutex>
#include <string>

#include "builder/serve/model/assign.hpp"
#include "builder/serve/world/http_server.hpp"
#include "builder/serve/world/images.hpp"

namespace ingot::builder::serve {

struct ServiceOptions {
    std::filesystem::path images{};
    std::filesystem::path state_file{};
    std::filesystem::path loaders{}; ///< iPXE's files, where Debian's package ipxe has them
    std::string url{};               ///< how machines reach us; empty: as they did when they asked
    bool strict = false;
};

class Service {
  public:
    using Log = std::function<void(const std::string& line)>;

    /// Reads what was given before. An error if there is a state that cannot be read.
    static Result<std::unique_ptr<Service>> create(ServiceOptions options, Config config, Log log);

    /// Any thread.
    HttpAnswer answer(const HttpRequest& request);

  private:
    Service(ServiceOptions options, Config config, State state, Log log)
        : options_(std::move(options)), config_(std::move(config)), log_(std::move(log)), images_(options_.images),
          state_(std::move(state)) {}

    HttpAnswer dispatch(const HttpRequest& request, const Asked& asked, std::string& who);
    HttpAnswer order(const HttpRequest& request, std::string& who);
    HttpAnswer seed(const Asked& asked, std::string& who);
    HttpAnswer report(const HttpRequest& request, const Asked& asked, std::string& who);
    HttpAnswer status();
    Status save(const State& state) const;
    [[nodiscard]] std::string server_of(const HttpRequest& request) const;
    [[nodiscard]] std::optional<Purpose> purpose_of(const Assigned& machine) const;

    ServiceOptions options_;
    Config config_;
    Log log_;
    Images images_;
    std::mutex mutex_;
    State state_;
};

} // namespace ingot::builder::serve
