#include "tests/support/file_server.hpp"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text/text.hpp"
#include "tests/support/port.hpp"

namespace ingot::tests {

namespace {

constexpr int kPollMilliseconds = 100;
constexpr timeval kPatience{.tv_sec = 30, .tv_usec = 0};
constexpr std::uint64_t kPiece = 1U << 20U;

void send_all(int connection, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto count = ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (count <= 0) { return; }
        bytes.remove_prefix(static_cast<std::size_t>(count));
    }
}

/// Reads up to the empty line; empty if the client went away.
std::string read_request(int connection) {
    std::string text;
    std::array<char, 4096> buffer{};
    while (text.find("\r\n\r\n") == std::string::npos) {
        const auto count = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (count <= 0) { return {}; }
        text.append(buffer.data(), static_cast<std::size_t>(count));
    }
    return text;
}

/// "bytes=5-9" of the header Range; empty if there is none.
std::string range_of(const std::string& request) {
    constexpr std::string_view kHeader = "\r\nRange: ";
    const auto at = request.find(kHeader);
    if (at == std::string::npos) { return {}; }
    const auto start = at + kHeader.size();
    return request.substr(start, request.find('\r', start) - start);
}

std::string decoded(std::string_view path) {
    std::string plain;
    for (std::size_t at = 0; at < path.size(); ++at) {
        if (path[at] == '%' && at + 2 < path.size()) {
            plain += static_cast<char>(std::strtol(std::string(path.substr(at + 1, 2)).c_str(), nullptr, 16));
            at += 2;
        } else {
            plain += path[at];
        }
    }
    return plain;
}

} // namespace

FileServer::FileServer(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::signal(SIGPIPE, SIG_IGN); // sendfile() knows no MSG_NOSIGNAL, and clients go when they like
    auto bound = bind_any_port();
    constexpr int kWaiting = 16;
    if (::listen(bound.fd.get(), kWaiting) != 0) { std::abort(); }
    listener_ = std::move(bound.fd);
    port_ = bound.port;
    thread_ = std::thread([this] { serve(); });
}

FileServer::~FileServer() { stop(); }

std::string FileServer::address(const std::string& host) const { return text::format("http://{}:{}", host, port_); }

void FileServer::cut(const std::string& ending, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    cuts_[ending] = bytes;
}

void FileServer::behave() {
    const std::lock_guard lock(mutex_);
    cuts_.clear();
}

void FileServer::stop() {
    if (!thread_.joinable()) { return; }
    stopping_ = true;
    thread_.join();
    listener_.reset();
}

std::vector<std::string> FileServer::asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
}

bool FileServer::gave(const std::string& path) const {
    const std::lock_guard lock(mutex_);
    return given_.contains(path);
}

void FileServer::serve() {
    std::vector<std::jthread> connections; // iPXE keeps one open while Linux asks on another
    while (!stopping_) {
        pollfd wait{.fd = listener_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, kPollMilliseconds) <= 0) { continue; }
        const int connection = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) { continue; }
        connections.emplace_back([this, connection] { answer(connection); });
    }
}

void FileServer::answer(int connection) {
    const files::Fd owned(connection);
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
        ::setsockopt(connection, SOL_SOCKET, option, &kPatience, sizeof kPatience);
    }
    // One request per connection: simple, and apt does not mind.
    const auto request = read_request(connection);
    const auto words = text::split(request.substr(0, request.find('\r')), ' ');
    if (words.size() < 2) { return; }
    const auto path = decoded(words[1]);
    std::size_t cut = std::string::npos;
    {
        const std::lock_guard lock(mutex_);
        asked_.push_back(path);
        for (const auto& [ending, bytes] : cuts_) {
            if (path.ends_with(ending)) { cut = bytes; }
        }
    }
    send_file(connection, path, ranges_ ? range_of(request) : "", cut, words[0] != "HEAD");
}

void FileServer::send_file(int connection, const std::string& path, const std::string& range, std::size_t cut,
                           bool body) {
    const files::Fd file(::open((folder_ / path.substr(1)).c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (path.find("..") != std::string::npos || !file.valid() || ::fstat(file.get(), &status) != 0 ||
        !S_ISREG(status.st_mode)) {
        send_all(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        return;
    }
    auto last = static_cast<std::uint64_t>(status.st_size);
    off_t position = 0;
    if (range.starts_with("bytes=")) {
        const auto ends = text::split(range.substr(6), '-');
        position = static_cast<off_t>(std::stoull(ends.at(0)));
        last = std::min<std::uint64_t>(last, std::stoull(ends.at(1)) + 1);
        send_all(connection, text::format("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {}-{}/{}\r\n",
                                          position, last - 1, status.st_size));
    } else {
        send_all(connection, "HTTP/1.1 200 OK\r\n");
    }
    const auto length = last - static_cast<std::uint64_t>(position);
    send_all(connection, text::format("Content-Length: {}\r\nConnection: close\r\n\r\n", length));
    if (!body) { return; }
    const auto end = cut < length ? static_cast<std::uint64_t>(position) + cut : last;
    while (static_cast<std::uint64_t>(position) < end && !stopping_) {
        const auto piece = std::min<std::uint64_t>(kPiece, end - static_cast<std::uint64_t>(position));
        if (::sendfile(connection, file.get(), &position, piece) <= 0) { return; }
    }
    if (position != status.st_size) { return; }
    const std::lock_guard lock(mutex_);
    given_.insert(path);
}

} // namespace ingot::tests
