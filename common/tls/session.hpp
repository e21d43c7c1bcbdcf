// OpenSSL's connections with deadlines, for the files of this folder.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::tls {

struct FreeContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
struct FreeSession {
    void operator()(SSL* session) const noexcept { SSL_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;
using Session = std::unique_ptr<SSL, FreeSession>;

/// OpenSSL's first queued reason; empties the queue.
std::string openssl_reason();

/// A socket address of an IP address as text. invalid_input if it is none.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};
Result<SocketAddress> socket_address(std::string_view address, std::uint16_t port);
/// "10.0.0.21"; an IPv4 address that came by an IPv6 socket is written as IPv4.
std::string address_text(const sockaddr_storage& storage);

/// A non-blocking socket with TLS on it. Every call ends before the deadline.
class Channel {
  public:
    using Clock = std::chrono::steady_clock;
    /// `stop`: a descriptor that becomes readable when everything is to end; -1 for none.
    Channel(files::Fd socket, SSL_CTX* context, int stop)
        : socket_(std::move(socket)), stop_(stop), session_(SSL_new(context)) {}

    [[nodiscard]] SSL* session() const { return session_.get(); }
    void deadline_in(std::chrono::milliseconds time) { deadline_ = Clock::now() + time; }
    bool attach() { return session_ && SSL_set_fd(session_.get(), socket_.get()) == 1; }
    bool accept() {
        return complete([this] { return SSL_accept(session_.get()); });
    }
    bool connect() {
        return complete([this] { return SSL_connect(session_.get()); });
    }
    bool write(std::string_view bytes) {
        std::size_t count = 0;
        return complete([&] { return SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count); });
    }
    /// Appends what has come. False at the end, or when the deadline has passed.
    bool read(std::string& received);
    /// A value that both ends of this connection have, and no other connection (RFC 9266, tls-exporter).
    [[nodiscard]] std::string binding() const;
    /// The certificate that the other end has shown, PEM; empty if none.
    [[nodiscard]] std::string peer_certificate() const;
    void close() { SSL_shutdown(session_.get()); }

  private:
    /// Repeats an OpenSSL call until it is through, the deadline passes or all is to end.
    template <typename Call>
    bool complete(Call&& call) {
        for (;;) {
            ERR_clear_error();
            const int result = call();
            if (result > 0) { return true; }
            const int wanted = SSL_get_error(session_.get(), result);
            if (wanted == SSL_ERROR_WANT_READ) {
                if (!wait_for_read()) { return false; }
            } else if (wanted == SSL_ERROR_WANT_WRITE) {
                if (!wait_for_write()) { return false; }
            } else {
                return false;
            }
        }
    }
    [[nodiscard]] bool wait_for_read() const;
    [[nodiscard]] bool wait_for_write() const;
    [[nodiscard]] bool wait_for(short events) const;

    files::Fd socket_;
    int stop_;
    Session session_;
    Clock::time_point deadline_{};
};

/// Head and body of an HTTP/1 message.
struct Message {
    std::string first_line;
    std::string body;
};
/// Reads one message with a Content-Length (none: no body), at most `limit` bytes.
std::optional<Message> read_message(Channel& channel, std::size_t limit);

} // namespace ingot::tls
