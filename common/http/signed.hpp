// A request to a service on the internet: through the proxy of the environment, and signed if it has to be.
#pragma once

#include <optional>
#include <string>

#include "common/http/http.hpp"

namespace ingot::http {

/// As S3 and its kin want it (AWS Signature Version 4): nothing secret travels.
struct Signature {
    std::string region{};
    std::string service{}; ///< "s3"
    std::string access_key{};
    std::string secret_key{};
};

struct InternetRequest : Request {
    std::optional<Signature> signature{};
};

/// A client for those. Keeps connections open between requests; use one object per thread.
class InternetClient {
  public:
    InternetClient();
    ~InternetClient();
    InternetClient(const InternetClient&) = delete;
    InternetClient& operator=(const InternetClient&) = delete;
    InternetClient(InternetClient&&) = delete;
    InternetClient& operator=(InternetClient&&) = delete;
    /// As HttpClient's.
    Result<Response> send(const InternetRequest& request);
    Status stream(const InternetRequest& request, const std::function<bool(std::string_view)>& take);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace ingot::http
