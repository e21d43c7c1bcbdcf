#include "tests/component/datasource/metadata_service.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::test {

namespace {

Asked parse(const std::string& head) {
    Asked asked;
    const auto lines = text::lines(head);
    const auto words = text::split(lines.empty() ? "" : lines.front(), ' ');
    if (words.size() == 3) {
        asked.method = words[0];
        asked.path = words[1];
    }
    for (const auto& line : lines) {
        const auto colon = line.find(':');
        if (colon == std::string::npos) { continue; }
        asked.headers[text::lower(line.substr(0, colon))] = text::trim(std::string_view(line).substr(colon + 1));
    }
    return asked;
}

} // namespace

MetadataService::MetadataService(Answer answer) : answer_(std::move(answer)) {
    listener_ = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    const int off = 0;
    ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::setsockopt(listener_, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(80);
    if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 16) != 0 || ::pipe(stop_) != 0) {
        std::perror("metadata service");
        std::abort();
    }
    server_ = std::thread([this] { serve(); });
}

MetadataService::~MetadataService() {
    ::close(stop_[1]);
    server_.join();
    for (auto& talk : talks_) { talk.join(); }
    ::close(stop_[0]);
    ::close(listener_);
}

std::vector<Asked> MetadataService::asked() const {
    const std::scoped_lock lock(mutex_);
    return asked_;
}

void MetadataService::serve() {
    for (;;) {
        pollfd waits[2] = {{.fd = listener_, .events = POLLIN, .revents = 0},
                           {.fd = stop_[0], .events = POLLIN, .revents = 0}};
        ::poll(waits, 2, -1);
        if (waits[1].revents != 0) { return; }
        const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0) {
            talks_.emplace_back([this, connection] { talk(connection); });
        }
    }
}

void MetadataService::talk(int connection) {
    const auto stopped = [this](int milliseconds) {
        pollfd wait{.fd = stop_[0], .events = POLLIN, .revents = 0};
        return ::poll(&wait, 1, milliseconds) != 0;
    };
    std::string head;
    char piece[4096];
    while (head.find("\r\n\r\n") == std::string::npos) {
        pollfd waits[2] = {{.fd = connection, .events = POLLIN, .revents = 0},
                           {.fd = stop_[0], .events = POLLIN, .revents = 0}};
        ::poll(waits, 2, -1);
        const auto got = waits[1].revents != 0 ? 0 : ::recv(connection, piece, sizeof piece, 0);
        if (got <= 0) {
            ::close(connection);
            return;
        }
        head.append(piece, static_cast<std::size_t>(got));
    }
    const auto asked = parse(head);
    {
        const std::scoped_lock lock(mutex_);
        asked_.push_back(asked);
    }
    const auto reply = answer_(asked);
    if (reply.silent) {
        stopped(-1);
    } else if (!stopped(static_cast<int>(reply.delay.count()))) {
        std::string text = text::format("HTTP/1.1 {} X\r\nConnection: close\r\n", reply.status);
        for (const auto& header : reply.headers) { text += header + "\r\n"; }
        if (reply.status != 204) { text += text::format("Content-Length: {}\r\n", reply.body.size()); }
        text += "\r\n" + reply.body.substr(0, reply.body.size() - std::min(reply.cut, reply.body.size()));
        for (std::size_t sent = 0; sent < text.size();) {
            const auto count = ::send(connection, text.data() + sent, text.size() - sent, MSG_NOSIGNAL);
            if (count <= 0) { break; }
            sent += static_cast<std::size_t>(count);
        }
    }
    ::shutdown(connection, SHUT_RDWR);
    ::close(connection);
}

bool enter_metadata_network() {
    if (::unshare(CLONE_NEWNET) != 0) { return false; }
    process::PosixProcesses processes;
    const std::vector<std::vector<std::string>> commands = {
        {"ip", "link", "set", "lo", "up"},
        {"ip", "address", "add", "169.254.169.254/32", "dev", "lo"},
        {"ip", "-6", "address", "add", "fd00:ec2::254/128", "dev", "lo", "nodad"},
        {"ip", "link", "add", "ve0", "type", "veth", "peer", "name", "ve1"},
        {"ip", "link", "set", "ve1", "up"},
        {"ip", "link", "set", "ve0", "up"},
        {"ip", "-6", "address", "add", "fe80::a9fe:a9fe/64", "dev", "ve0", "nodad"},
    };
    for (const auto& argv : commands) {
        if (!process::run_checked(processes, {.argv = argv})) { return false; }
    }
    return true;
}

} // namespace ingot::firstboot::test
