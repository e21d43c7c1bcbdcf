#include "tests/component/upload/fake_http.hpp"

#include <array>
#include <cstdlib>
#include <optional>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

#include "common/text/text.hpp"
#include "tests/support/port.hpp"

namespace ingot::tests {

namespace {

std::string decoded(const std::string& text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size()) {
            plain += static_cast<char>(std::strtol(text.substr(at + 1, 2).c_str(), nullptr, 16));
            at += 2;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

/// Nothing if the client goes away before it has said all.
std::optional<FakeRequest> read_request(int connection) {
    FakeRequest request;
    std::string text;
    std::array<char, 8192> buffer{};
    std::size_t body_at = std::string::npos;
    std::size_t length = 0;
    while (body_at == std::string::npos || text.size() < body_at + length) {
        const auto count = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (count <= 0) { return std::nullopt; }
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (body_at == std::string::npos && text.find("\r\n\r\n") != std::string::npos) {
            body_at = text.find("\r\n\r\n") + 4;
            for (const auto& line : text::lines(std::string_view(text).substr(0, body_at))) {
                const auto colon = line.find(": ");
                if (colon != std::string::npos) {
                    request.headers[text::lower(line.substr(0, colon))] = line.substr(colon + 2);
                }
            }
            length = static_cast<std::size_t>(text::to_number(request.headers["content-length"]).value_or(0));
        }
    }
    request.body = text.substr(body_at);
    const auto words = text::split(text.substr(0, text.find('\r')), ' ');
    request.method = words.at(0);
    const auto question = words.at(1).find('?');
    request.path = words.at(1).substr(0, question);
    if (question != std::string::npos) {
        for (const auto& part : text::split(words.at(1).substr(question + 1), '&')) {
            request.query[part.substr(0, part.find('='))] = decoded(part.substr(part.find('=') + 1));
        }
    }
    return request;
}

} // namespace

FakeHttp::FakeHttp(Handler handler) : handler_(std::move(handler)) {
    auto bound = bind_any_port();
    constexpr int kWaiting = 64;
    if (::listen(bound.fd.get(), kWaiting) != 0) { std::abort(); }
    listener_ = std::move(bound.fd);
    port_ = bound.port;
    thread_ = std::thread([this] { serve(); });
}

FakeHttp::~FakeHttp() {
    stopping_ = true;
    thread_.join();
}

void FakeHttp::serve() {
    std::vector<std::jthread> connections;
    while (!stopping_) {
        pollfd wait{.fd = listener_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, 20) <= 0) { continue; }
        const int connection = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) { continue; }
        connections.emplace_back([this, connection] { answer(connection); });
        constexpr std::size_t kMany = 64;
        if (connections.size() > kMany) { connections.erase(connections.begin(), connections.begin() + kMany / 2); }
    }
}

void FakeHttp::answer(int connection) {
    const files::Fd owned(connection);
    const auto request = read_request(connection);
    if (!request) { return; }
    const auto answer = handler_(*request);
    if (answer.ending == FakeAnswer::Ending::closed) { return; }
    if (answer.ending == FakeAnswer::Ending::silent) {
        pollfd gone{.fd = connection, .events = POLLRDHUP, .revents = 0};
        while (!stopping_ && ::poll(&gone, 1, 50) == 0) {}
        return;
    }
    auto whole = text::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\nConnection: close\r\n", answer.status,
                              answer.body.size());
    for (const auto& [name, value] : answer.headers) { whole += text::format("{}: {}\r\n", name, value); }
    whole += "\r\n" + answer.body;
    [[maybe_unused]] const auto sent = ::send(connection, whole.data(), whole.size(), MSG_NOSIGNAL);
}

} // namespace ingot::tests
