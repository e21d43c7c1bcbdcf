// A connection to a server, with TLS or without. Everything has a timeout; every error is transient but a
// certificate.
#pragma once

#include <memory>
#include <string_view>

#include "common/result/result.hpp"
#include "installer/fetch/url.hpp"

namespace ingot::installer {

class Socket {
  public:
    static Result<std::unique_ptr<Socket>> connect(const Url& url);
    virtual ~Socket() = default;
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    Socket(Socket&&) = delete;
    Socket& operator=(Socket&&) = delete;

    virtual Status send(std::string_view bytes) = 0;
    /// At least one byte, unless the other side has closed.
    virtual Result<std::size_t> receive(char* into, std::size_t most) = 0;

  protected:
    Socket() = default;
};

} // namespace ingot::installer
