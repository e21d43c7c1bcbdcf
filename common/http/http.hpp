// HTTP client (libcurl) behind one small interface.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::http {

/// Whom to trust and who we are. Peers are always verified; there is no switch for less.
struct Tls {
    std::filesystem::path ca_file{};   ///< PEM bundle; the system's when empty
    std::filesystem::path cert_file{}; ///< client certificate, optional
    std::filesystem::path key_file{};
};

struct Request {
    std::string method = "GET";
    std::string url{};
    std::vector<std::string> headers{}; ///< "Name: value"
    std::string body{};
    std::optional<Tls> tls{};
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(2);
    std::chrono::milliseconds timeout = std::chrono::seconds(10); ///< whole exchange
    std::size_t response_limit = 16U << 20U;
    bool follow_redirects = false;
};

struct Response {
    int status = 0;
    std::map<std::string, std::string> headers{}; ///< names in lower case
    std::string body{};
};

/// What a program may ask of the network.
class HttpClient {
  public:
    virtual ~HttpClient() = default;
    /// Any answer, of whatever status, is a Response. No answer (connection, TLS, timeout) is an
    /// error of kind transient that names the URL; a certificate that does not verify is `refused`.
    virtual Result<Response> send(const Request& request) = 0;
    /// Hands the body over in pieces as it arrives (etcd watch). Ends when the server closes, when
    /// `timeout` has passed (both success), or when `take` returns false.
    virtual Status stream(const Request& request, const std::function<bool(std::string_view)>& take) = 0;
};

/// The real client. Keeps connections open between requests; use one object per thread.
class CurlClient final : public HttpClient {
  public:
    CurlClient();
    ~CurlClient() override;
    CurlClient(const CurlClient&) = delete;
    CurlClient& operator=(const CurlClient&) = delete;
    CurlClient(CurlClient&&) = delete;
    CurlClient& operator=(CurlClient&&) = delete;
    Result<Response> send(const Request& request) override;
    Status stream(const Request& request, const std::function<bool(std::string_view)>& take) override;

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace ingot::http
