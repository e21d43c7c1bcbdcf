// A small HTTPS server for questions between nodes.
//
// TLS 1.3 only; a client without a certificate of the given CA gets no further than the handshake, unless the server
// says that it may come without one (one that it shows is verified all the same), or no CA is given: then anybody
// may. A few threads serve one connection after the other, each request at most 16 KiB and a few seconds from first
// to last byte, so nothing a client does can cost more than a short wait. An address that has its share of the
// threads already is turned away at once. Certificates are read for each connection: renewing them needs no restart.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "common/result/result.hpp"

namespace ingot::tls {

enum class ClientCertificate { required, optional };

struct Options {
    std::string address; ///< IPv4 or IPv6, to listen on
    std::uint16_t port = 0;
    std::filesystem::path ca_file{}; ///< whose clients are let in; empty: everybody's
    std::filesystem::path cert_file{};
    std::filesystem::path key_file{};
    ClientCertificate client = ClientCertificate::required;
    unsigned threads = 1;     ///< connections served at a time; the handler is called from each
    unsigned per_address = 0; ///< of those, for one address; 0: all
    /// Told of a handshake that failed for what the client is or has: (address, reason).
    std::function<void(const std::string&, const std::string&)> refused{};
};

struct Request {
    std::string method;
    std::string path;
    std::string body{};
    std::string address{};         ///< where the connection comes from
    std::string certificate_pem{}; ///< that the client has shown, verified; empty if none
    std::string binding{};         ///< of this very connection: 32 bytes of the TLS exporter
};

struct Response {
    int status = 200;
    std::string body{};
    std::string content_type = "application/json";
};

class Server {
  public:
    using Handler = std::function<Response(const Request&)>;

    /// Listens at once and answers from threads of its own until the object dies. transient if the address
    /// cannot be bound (yet). `handler` is called from its threads.
    static Result<std::unique_ptr<Server>> start(Options options, Handler handler);
    virtual ~Server() = default;
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    Server(Server&&) = delete;
    Server& operator=(Server&&) = delete;

    /// The port it listens on; useful where 0 was asked for.
    [[nodiscard]] virtual std::uint16_t port() const = 0;

  protected:
    Server() = default;
};

} // namespace ingot::tls
