#include "builder/lab/world/sockets.hpp"

#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

using files::Fd;

// The socket functions take every address family through sockaddr*.
template <typename T>
const sockaddr* generic(const T* address) {
    return reinterpret_cast<const sockaddr*>(address); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}
template <typename T>
sockaddr* generic(T* address) {
    return reinterpret_cast<sockaddr*>(address); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

Result<sockaddr_in> ipv4(const std::string& address, int port) {
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::inet_pton(AF_INET, address.c_str(), &target.sin_addr) != 1) {
        return fail(ErrorKind::bug, address + " is not an IPv4 address");
    }
    return target;
}

Result<sockaddr_un> unix_address(const std::filesystem::path& path) {
    sockaddr_un target{};
    target.sun_family = AF_UNIX;
    const auto text = path.string();
    if (text.size() >= sizeof target.sun_path) { return fail(ErrorKind::bug, text + " is too long for a socket"); }
    std::memcpy(&target.sun_path[0], text.c_str(), text.size() + 1);
    return target;
}

} // namespace

Result<Fd> listen_tcp(const std::string& address, int port) {
    INGOT_ASSIGN(const auto target, ipv4(address, port), "");
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) { return fail_errno(errno, "making a socket"); }
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    constexpr int kBacklog = 512;
    if (::bind(socket.get(), generic(&target), sizeof target) != 0 || ::listen(socket.get(), kBacklog) != 0) {
        if (errno == EADDRINUSE) { return fail(ErrorKind::transient, text::format("port {} is taken", port)); }
        return fail_errno(errno, text::format("listening on {}:{}", address, port));
    }
    return socket;
}

int bound_port(const Fd& socket) {
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(socket.get(), generic(&bound), &size) != 0) { return 0; }
    return ntohs(bound.sin_port);
}

Result<Fd> connect_tcp(const std::string& address, int port, std::chrono::milliseconds timeout) {
    INGOT_ASSIGN(const auto target, ipv4(address, port), "");
    Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) { return fail_errno(errno, "making a socket"); }
    const auto where = text::format("connecting to {}:{}", address, port);
    if (::connect(socket.get(), generic(&target), sizeof target) != 0) {
        if (errno != EINPROGRESS) { return fail_errno(errno, where); }
        pollfd polled{.fd = socket.get(), .events = POLLOUT, .revents = 0};
        if (::poll(&polled, 1, static_cast<int>(timeout.count())) <= 0) { return fail_errno(ETIMEDOUT, where); }
        int error_number = 0;
        socklen_t size = sizeof error_number;
        ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error_number, &size);
        if (error_number != 0) { return fail_errno(error_number, where); }
    }
    ::fcntl(socket.get(), F_SETFL, 0);
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return socket;
}

Result<Fd> bind_unix(const std::filesystem::path& path) {
    INGOT_ASSIGN(const auto target, unix_address(path), "");
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) { return fail_errno(errno, "making a socket"); }
    ::unlink(path.c_str());
    constexpr mode_t kOnlyOwner = 0600;
    if (::bind(socket.get(), generic(&target), sizeof target) != 0 || ::chmod(path.c_str(), kOnlyOwner) != 0) {
        return fail_errno(errno, "making the socket " + path.string());
    }
    return socket;
}

Result<Fd> connect_unix(const std::filesystem::path& path) {
    INGOT_ASSIGN(const auto target, unix_address(path), "");
    Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket.valid()) { return fail_errno(errno, "making a socket"); }
    if (::connect(socket.get(), generic(&target), sizeof target) != 0) {
        if (errno == ECONNREFUSED || errno == ENOENT) {
            return fail(ErrorKind::not_found, "nobody serves " + path.string());
        }
        return fail_errno(errno, "connecting to " + path.string());
    }
    return socket;
}

bool readable_within(const Fd& socket, std::chrono::milliseconds timeout) {
    pollfd polled{.fd = socket.get(), .events = POLLIN, .revents = 0};
    return ::poll(&polled, 1, static_cast<int>(timeout.count())) > 0;
}

std::optional<Accepted> accept_within(const Fd& listener, std::chrono::milliseconds timeout) {
    if (!readable_within(listener, timeout)) { return std::nullopt; }
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    Accepted accepted{.socket = Fd(::accept4(listener.get(), generic(&peer), &size, SOCK_CLOEXEC)), .peer = {}};
    if (!accepted.socket.valid()) { return std::nullopt; }
    if (peer.ss_family == AF_INET) {
        sockaddr_in address{};
        std::memcpy(&address, &peer, sizeof address);
        std::array<char, INET_ADDRSTRLEN> text{};
        ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size());
        accepted.peer = text.data();
    }
    return accepted;
}

Status send_all(const Fd& socket, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto sent = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EINTR) { continue; }
            return fail_errno(errno, "sending");
        }
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return {};
}

Status send_line(const Fd& socket, std::string line) { return send_all(socket, std::move(line) + "\n"); }

std::string receive_line(const Fd& socket, std::chrono::milliseconds patience) {
    constexpr std::size_t kLimit = 4U << 20U;
    std::string line;
    std::array<char, 4096> buffer{};
    while (line.find('\n') == std::string::npos && line.size() < kLimit) {
        if (!readable_within(socket, patience)) { return {}; }
        const auto count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
        if (count <= 0) { return {}; }
        line.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return line.substr(0, line.find('\n'));
}

} // namespace ingot::builder::lab
