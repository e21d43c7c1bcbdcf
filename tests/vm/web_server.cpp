#include "tests/vm/web_server.hpp"

#include <array>
#include <vector>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::tests {

WebServer::WebServer(std::filesystem::path folder) : folder_(std::move(folder)) {
    socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const plain = reinterpret_cast<sockaddr*>(&address); // NOLINT: the sockets interface is like that
    if (::bind(socket_, plain, size) != 0 || ::listen(socket_, 8) != 0 || ::getsockname(socket_, plain, &size) != 0) {
        return;
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this] {
        std::vector<std::jthread> connections;
        while (!ending_) {
            const int connection = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
            if (connection >= 0) {
                connections.emplace_back([this, connection] { serve(connection); });
            }
        }
    });
}

WebServer::~WebServer() {
    ending_ = true;
    ::shutdown(socket_, SHUT_RDWR);
    if (thread_.joinable()) { thread_.join(); }
    ::close(socket_);
}

std::string WebServer::url() const { return text::format("http://10.0.0.2:{}/", port_); }

bool WebServer::gave(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    return given_.contains(path);
}

void WebServer::serve(int connection) {
    const files::Fd owned(connection);
    const timeval patience{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    std::string request;
    std::array<char, 4096> buffer{};
    while (request.find("\r\n\r\n") == std::string::npos) {
        const auto got = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (got <= 0) { return; }
        request.append(buffer.data(), static_cast<std::size_t>(got));
    }
    const auto words = text::split(request.substr(0, request.find("\r\n")), ' ');
    const auto path = words.size() > 1 ? words[1] : std::string("/");
    const files::Fd file(::open((folder_ / path.substr(1)).c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    const bool found = path.find("..") == std::string::npos && file.valid() && ::fstat(file.get(), &status) == 0 &&
                       S_ISREG(status.st_mode);
    const auto head = text::format("HTTP/1.0 {}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                                   found ? "200 OK" : "404 Not Found", found ? status.st_size : 0);
    if (::send(connection, head.data(), head.size(), MSG_NOSIGNAL) < 0 || !found) { return; }
    if (words[0] == "HEAD") { return; }
    off_t position = 0;
    while (position < status.st_size && !ending_) {
        constexpr std::size_t kPiece = 1U << 20U;
        if (::sendfile(connection, file.get(), &position, kPiece) <= 0) { return; }
    }
    const std::lock_guard lock(mutex_);
    given_.insert(path);
}

} // namespace ingot::tests
