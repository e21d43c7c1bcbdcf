#include "builder/lab/world/metadata_server.hpp"

#include <array>
#include <chrono>
#include <list>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "builder/lab/world/sockets.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

constexpr auto kRequestWithin = std::chrono::seconds(5); ///< with a client that does not finish its request
constexpr auto kMetadataTick = std::chrono::milliseconds(200);
constexpr std::size_t kRequestLimit = 16384;

struct Client {
    files::Fd socket;
    std::string peer;
    std::string request{};
    std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::now() + kRequestWithin;
};

/// Reads what is there. False once the client can be forgotten without an answer.
bool read_more(Client& client) {
    std::array<char, 4096> buffer{};
    const auto count = ::recv(client.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count <= 0) { return false; }
    client.request.append(buffer.data(), static_cast<std::size_t>(count));
    return client.request.size() <= kRequestLimit;
}

} // namespace

Result<std::unique_ptr<MetadataServer>> MetadataServer::start(const std::string& address, Lookup lookup) {
    constexpr int kPort = 80;
    INGOT_ASSIGN(auto listener, listen_tcp(address, kPort), "starting the metadata service");
    return std::make_unique<MetadataServer>(std::move(listener), std::move(lookup));
}

MetadataServer::MetadataServer(files::Fd listener, Lookup lookup)
    : listener_(std::move(listener)), lookup_(std::move(lookup)),
      thread_([this](const std::stop_token& stop) { serve(stop); }) {}

void MetadataServer::serve(const std::stop_token& stop) {
    std::list<Client> clients;
    while (!stop.stop_requested()) {
        std::vector<pollfd> polled = {{.fd = listener_.get(), .events = POLLIN, .revents = 0}};
        for (const auto& client : clients) {
            polled.push_back({.fd = client.socket.get(), .events = POLLIN, .revents = 0});
        }
        ::poll(polled.data(), polled.size(), static_cast<int>(kMetadataTick.count()));
        std::size_t index = 1;
        for (auto it = clients.begin(); it != clients.end(); ++index) {
            bool keep = std::chrono::steady_clock::now() < it->deadline;
            if (keep && polled[index].revents != 0) { keep = read_more(*it); }
            if (keep && it->request.find("\r\n\r\n") != std::string::npos) {
                const auto line = parse_request_line(it->request);
                const auto instance = lookup_(it->peer);
                const auto reply = answer(line.method, line.path, instance ? &*instance : nullptr);
                log::info(text::format("metadata: {} {} {} {}", it->peer, line.method, line.path, reply.status));
                const auto sent = send_all(it->socket, to_http(reply, line.method == "HEAD"));
                if (!sent) { log::warning("metadata: " + sent.error().to_string()); }
                ::shutdown(it->socket.get(), SHUT_WR);
                keep = false;
            }
            it = keep ? std::next(it) : clients.erase(it);
        }
        if ((polled[0].revents & POLLIN) != 0) {
            if (auto accepted = accept_within(listener_, std::chrono::milliseconds(0))) {
                clients.push_back({.socket = std::move(accepted->socket), .peer = std::move(accepted->peer)});
            }
        }
    }
}

} // namespace ingot::builder::lab
