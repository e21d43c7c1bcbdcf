#include "common/tls/server.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"
#include "common/tls/session.hpp"

namespace ingot::tls {

namespace {

using files::Fd;

constexpr std::size_t kLongestRequest = 16U << 10U;
constexpr auto kHandshakeTime = std::chrono::seconds(2);
constexpr auto kExchangeTime = std::chrono::seconds(2);
constexpr auto kAnswerTime = std::chrono::seconds(2);
constexpr int kBacklog = 64;

Result<Context> make_context(const Options& options) {
    Context context(SSL_CTX_new(TLS_server_method()));
    if (!context) { return fail(ErrorKind::bug, "OpenSSL: " + openssl_reason()); }
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 0);
    const bool asks_clients = !options.ca_file.empty();
    if (asks_clients) {
        const bool demanded = options.client == ClientCertificate::required;
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | (demanded ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                           nullptr);
    }
    if ((asks_clients && SSL_CTX_load_verify_file(context.get(), options.ca_file.c_str()) != 1) ||
        SSL_CTX_use_certificate_chain_file(context.get(), options.cert_file.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
        return fail(ErrorKind::transient, "loading the certificates of the server: " + openssl_reason());
    }
    return context;
}

Result<Fd> listen_on(const Options& options) {
    INGOT_ASSIGN(const auto address, socket_address(options.address, options.port), "listening");
    const auto what = text::format("listening on {} port {}", options.address, options.port);
    Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) { return fail_errno(errno, what); }
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the way of the sockets interface
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 ||
        ::listen(fd.get(), kBacklog) != 0) {
        auto error = fail_errno(errno, what);
        error.kind = ErrorKind::transient; // the address may come, the port may become free
        return error;
    }
    return fd;
}

std::uint16_t port_of(const Fd& fd) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the way of the sockets interface
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&storage), &size);
    return ntohs(storage.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(storage).sin_port
                                              : reinterpret_cast<sockaddr_in6&>(storage).sin6_port);
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
}

std::string_view reason_phrase(int status) {
    constexpr int kOk = 200;
    constexpr int kForbidden = 403;
    constexpr int kNotFound = 404;
    constexpr int kUnavailable = 503;
    switch (status) {
    case kOk: return "OK";
    case kForbidden: return "Forbidden";
    case kNotFound: return "Not Found";
    case kUnavailable: return "Service Unavailable";
    default: return "Bad Request";
    }
}

/// One connection from accept to close, all of it before its deadlines.
void serve(Channel& channel, const std::string& address, const Options& options, const Server::Handler& handler) {
    if (!channel.attach()) { return; }
    channel.deadline_in(kHandshakeTime);
    if (!channel.accept()) {
        // A port scan ends without a word; whoever is refused, or refuses us, leaves a reason.
        if (options.refused && ERR_peek_error() != 0) {
            const long verdict = SSL_get_verify_result(channel.session());
            options.refused(address,
                            verdict == X509_V_OK ? openssl_reason() : X509_verify_cert_error_string(verdict));
        }
        ERR_clear_error();
        return;
    }
    channel.deadline_in(kExchangeTime);
    auto message = read_message(channel, kLongestRequest);
    if (!message) { return; }
    const auto words = text::split(message->first_line, ' ');
    if (words.size() != 3 || !words[2].starts_with("HTTP/1.")) { return; }
    const auto response = handler({.method = words[0],
                                   .path = words[1],
                                   .body = std::move(message->body),
                                   .address = address,
                                   .certificate_pem = channel.peer_certificate(),
                                   .binding = channel.binding()});
    channel.deadline_in(kAnswerTime);
    channel.write(text::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
                               "Connection: close\r\n\r\n{}",
                               response.status, reason_phrase(response.status), response.content_type,
                               response.body.size(), response.body));
    channel.close();
}

class ThreadedServer final : public Server {
  public:
    ThreadedServer(Options options, Handler handler, Fd listener, Fd stop)
        : options_(std::move(options)), handler_(std::move(handler)), listener_(std::move(listener)),
          stop_(std::move(stop)) {
        for (unsigned i = 0; i < std::max(1U, options_.threads); ++i) {
            threads_.emplace_back([this] { run(); });
        }
    }
    ThreadedServer(const ThreadedServer&) = delete;
    ThreadedServer& operator=(const ThreadedServer&) = delete;
    ThreadedServer(ThreadedServer&&) = delete;
    ThreadedServer& operator=(ThreadedServer&&) = delete;
    ~ThreadedServer() override {
        ::eventfd_write(stop_.get(), 1);
        for (auto& thread : threads_) { thread.join(); }
    }

    [[nodiscard]] std::uint16_t port() const override { return port_of(listener_); }

  private:
    struct Connection {
        Fd socket;
        std::string address;
    };

    void run() {
        while (auto connection = next()) {
            if (!connection->socket.valid()) { continue; }
            // A certificate that is just being replaced: the client asks again.
            if (const auto context = make_context(options_)) {
                Channel channel(std::move(connection->socket), context->get(), stop_.get());
                serve(channel, connection->address, options_, handler_);
            }
            const std::lock_guard lock(counts_);
            if (--served_[connection->address] == 0) { served_.erase(connection->address); }
        }
    }

    /// The next connection, for one thread at a time; one without a socket where there was none in the end. Nothing
    /// when the server ends.
    std::optional<Connection> next() {
        const std::lock_guard turn(turns_); // one thread waits for connections, the others for it
        std::array<pollfd, 2> polled{pollfd{listener_.get(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
        if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) { return std::nullopt; }
        if (polled[1].revents != 0) { return std::nullopt; }
        sockaddr_storage from{};
        socklen_t size = sizeof from;
        // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the way of the sockets interface
        Fd socket(
            ::accept4(listener_.get(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!socket.valid()) {
            constexpr int kMoment = 50; // out of descriptors: the connection stays in the queue meanwhile
            if (errno != EAGAIN) { ::poll(&polled[1], 1, kMoment); }
            return Connection{};
        }
        Connection connection{.socket = std::move(socket), .address = address_text(from)};
        const std::lock_guard lock(counts_);
        auto& served = served_[connection.address];
        if (options_.per_address != 0 && served >= options_.per_address) { return Connection{}; }
        ++served;
        return connection;
    }

    Options options_;
    Handler handler_;
    Fd listener_;
    Fd stop_;
    std::mutex turns_{};
    std::mutex counts_{};
    std::map<std::string, unsigned> served_{}; ///< connections under way, by address
    std::vector<std::thread> threads_;
};

} // namespace

Result<std::unique_ptr<Server>> Server::start(Options options, Handler handler) {
    INGOT_TRY(make_context(options), ""); // say at once what is wrong with the files
    INGOT_ASSIGN(Fd listener, listen_on(options), "");
    Fd stop(::eventfd(0, EFD_CLOEXEC));
    if (!stop.valid()) { return fail_errno(errno, "making an eventfd"); }
    return std::unique_ptr<Server>(std::make_unique<ThreadedServer>(std::move(options), std::move(handler),
                                                                    std::move(listener), std::move(stop)));
}

} // namespace ingot::tls
