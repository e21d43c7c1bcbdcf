#include "common/tls/session.hpp"

#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "common/text/text.hpp"

namespace ingot::tls {

std::string openssl_reason() {
    constexpr std::size_t kLongest = 256;
    std::array<char, kLongest> text{};
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) { return "no reason given"; }
    const char* const reason = ERR_reason_error_string(code);
    if (reason != nullptr) { return reason; }
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the way of the sockets interface
Result<SocketAddress> socket_address(std::string_view address, std::uint16_t port) {
    SocketAddress made;
    const std::string text(address);
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(made.storage);
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(made.storage);
    if (::inet_pton(AF_INET, text.c_str(), &ipv4.sin_addr) == 1) {
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(port);
        made.size = sizeof ipv4;
    } else if (::inet_pton(AF_INET6, text.c_str(), &ipv6.sin6_addr) == 1) {
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(port);
        made.size = sizeof ipv6;
    } else {
        return fail(ErrorKind::invalid_input, text::format("\"{}\" is no IP address", address));
    }
    return made;
}

std::string address_text(const sockaddr_storage& storage) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (storage.ss_family == AF_INET) {
        const auto& ipv4 = reinterpret_cast<const sockaddr_in&>(storage);
        return ::inet_ntop(AF_INET, &ipv4.sin_addr, text.data(), text.size()) == nullptr ? "" : text.data();
    }
    if (storage.ss_family != AF_INET6) { return {}; }
    const auto& ipv6 = reinterpret_cast<const sockaddr_in6&>(storage).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&ipv6)) {
        constexpr std::size_t kPrefix = 12;
        return ::inet_ntop(AF_INET, &ipv6.s6_addr[kPrefix], text.data(), text.size()) == nullptr ? "" : text.data();
    }
    return ::inet_ntop(AF_INET6, &ipv6, text.data(), text.size()) == nullptr ? "" : text.data();
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

bool Channel::wait_for(short events) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - Clock::now());
    if (left.count() <= 0) { return false; }
    std::array<pollfd, 2> polled{pollfd{socket_.get(), events, 0}, pollfd{stop_, POLLIN, 0}};
    const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
    // What has arrived is still read: the last word of a peer tells why a connection failed.
    return ready > 0 && (polled[0].revents != 0 || polled[1].revents == 0);
}

bool Channel::wait_for_read() const { return wait_for(POLLIN); }

bool Channel::wait_for_write() const { return wait_for(POLLOUT); }

bool Channel::read(std::string& received) {
    constexpr std::size_t kPiece = 4096;
    std::array<char, kPiece> piece{};
    std::size_t count = 0;
    if (!complete([&] { return SSL_read_ex(session_.get(), piece.data(), piece.size(), &count); })) { return false; }
    received.append(piece.data(), count);
    return true;
}

std::string Channel::binding() const {
    constexpr std::string_view kLabel = "EXPORTER-Channel-Binding";
    constexpr std::size_t kBytes = 32;
    std::array<unsigned char, kBytes> value{};
    if (SSL_export_keying_material(session_.get(), value.data(), value.size(), kLabel.data(), kLabel.size(), nullptr,
                                   0, 0) != 1) {
        return {};
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
    return {reinterpret_cast<const char*>(value.data()), value.size()};
}

std::string Channel::peer_certificate() const {
    X509* const certificate = SSL_get0_peer_certificate(session_.get());
    BIO* const bio = certificate == nullptr ? nullptr : BIO_new(BIO_s_mem());
    if (bio == nullptr) { return {}; }
    std::string pem;
    if (PEM_write_bio_X509(bio, certificate) == 1) {
        char* data = nullptr;
        const long size = BIO_get_mem_data(bio, &data); // NOLINT(cppcoreguidelines-pro-type-cstyle-cast): a macro
        pem.assign(data, static_cast<std::size_t>(size));
    }
    BIO_free(bio);
    return pem;
}

std::optional<Message> read_message(Channel& channel, std::size_t limit) {
    constexpr std::string_view kEnd = "\r\n\r\n";
    std::string received;
    std::size_t head = std::string::npos;
    while ((head = received.find(kEnd)) == std::string::npos) {
        if (!channel.read(received) || received.size() > limit) { return std::nullopt; }
    }
    const auto lines = text::split(received.substr(0, head), '\n');
    std::size_t length = 0;
    for (const auto& line : lines) {
        constexpr std::string_view kLength = "content-length:";
        if (!text::lower(line).starts_with(kLength)) { continue; }
        const auto number = text::to_number(text::trim(std::string_view(line).substr(kLength.size())));
        if (!number || *number < 0 || static_cast<std::size_t>(*number) > limit) { return std::nullopt; }
        length = static_cast<std::size_t>(*number);
    }
    const auto begin = head + kEnd.size();
    while (received.size() < begin + length) {
        if (!channel.read(received)) { return std::nullopt; }
    }
    return Message{.first_line = std::string(text::trim(lines.front())), .body = received.substr(begin, length)};
}

} // namespace ingot::tls
