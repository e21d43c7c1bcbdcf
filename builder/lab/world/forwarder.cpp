#include "builder/lab/world/forwarder.hpp"

#include <array>
#include <chrono>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include "builder/lab/world/sockets.hpp"
#include "common/log/log.hpp"

namespace ingot::builder::lab {

namespace {

constexpr auto kConnectTime = std::chrono::seconds(1);
constexpr auto kForwarderTick = std::chrono::milliseconds(200);

/// Moves what is there to the other side. False at the end of the stream.
bool carry(int from, int to, std::array<char, 65536>& buffer) {
    const auto count = ::recv(from, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0) { return errno == EAGAIN || errno == EINTR; }
    if (count == 0) { return false; }
    for (ssize_t done = 0; done < count;) {
        const auto sent = ::send(to, &buffer.at(static_cast<std::size_t>(done)),
                                 static_cast<std::size_t>(count - done), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) { continue; }
        if (sent <= 0) { return false; }
        done += sent;
    }
    return true;
}

/// Carries both ways until both have ended.
void join(const files::Fd& host, const files::Fd& lab) {
    std::array<char, 65536> buffer{};
    std::array<pollfd, 2> polled = {pollfd{.fd = host.get(), .events = POLLIN, .revents = 0},
                                    pollfd{.fd = lab.get(), .events = POLLIN, .revents = 0}};
    while (polled[0].fd >= 0 || polled[1].fd >= 0) {
        if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) { return; }
        for (std::size_t i = 0; i < polled.size(); ++i) {
            auto& side = polled.at(i);
            if (side.fd < 0 || side.revents == 0) { continue; }
            const int other = i == 0 ? lab.get() : host.get();
            if (carry(side.fd, other, buffer)) { continue; }
            ::shutdown(other, SHUT_WR);
            // A reset ends both ways; an orderly end leaves the other way open.
            if ((side.revents & (POLLERR | POLLHUP)) != 0) { return; }
            side.fd = -1;
        }
    }
}

} // namespace

Forwarder::Forwarder(files::Fd listener, int port, Targets targets)
    : listener_(std::move(listener)), port_(port), targets_(std::move(targets)),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

void Forwarder::serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto accepted = accept_within(listener_, kForwarderTick);
        if (!accepted) { continue; }
        const int on = 1;
        ::setsockopt(accepted->socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        // Detached: it owns all it uses, and the process that ends ends it.
        std::thread([host = std::move(accepted->socket), port = port_, targets = targets_()] {
            for (const auto& address : targets) {
                const auto lab = connect_tcp(address, port, kConnectTime);
                if (!lab) { continue; }
                join(host, *lab);
                return;
            }
        }).detach();
    }
}

} // namespace ingot::builder::lab
