#include "tests/support/port.hpp"

#include <cstdlib>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

namespace ingot::tests {

BoundSocket bind_any_port() {
    files::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd.get(), any, size) != 0 || ::getsockname(fd.get(), any, &size) != 0) { std::abort(); }
    return {.fd = std::move(fd), .port = ntohs(address.sin_port)};
}

std::uint16_t free_port() { return bind_any_port().port; }

} // namespace ingot::tests
