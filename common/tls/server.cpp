#include "common/tls/server.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::tls {

namespace {

using files::Fd;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kLongestRequest = 16U << 10U;
constexpr auto kHandshakeTime = std::chrono::seconds(2);
constexpr auto kExchangeTime = std::chrono::seconds(2);
constexpr int kBacklog = 64;

struct FreeContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
struct FreeSession {
    void operator()(SSL* session) const noexcept { SSL_free(session); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;
using Session = std::unique_ptr<SSL, FreeSession>;

std::string openssl_reason() {
    constexpr std::size_t kLongest = 256;
    std::array<char, kLongest> text{};
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (code == 0) { return "no reason given"; }
    ERR_error_string_n(code, text.data(), text.size());
    return text.data();
}

Result<Context> make_context(const Options& options) {
    Context context(SSL_CTX_new(TLS_server_method()));
    if (!context) { return fail(ErrorKind::bug, "OpenSSL: " + openssl_reason()); }
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(context.get(), 0);
    const bool asks_clients = !options.ca_file.empty();
    if (asks_clients) {
        SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    }
    if ((asks_clients && SSL_CTX_load_verify_file(context.get(), options.ca_file.c_str()) != 1) ||
        SSL_CTX_use_certificate_chain_file(context.get(), options.cert_file.c_str()) != 1 ||
        SSL_CTX_use_PrivateKey_file(context.get(), options.key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
        return fail(ErrorKind::transient, "loading the certificates of the server: " + openssl_reason());
    }
    return context;
}

Result<Fd> listen_on(const Options& options) {
    sockaddr_storage storage{};
    socklen_t size = 0;
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): the way of the sockets interface
    auto& ipv4 = reinterpret_cast<sockaddr_in&>(storage);
    auto& ipv6 = reinterpret_cast<sockaddr_in6&>(storage);
    if (::inet_pton(AF_INET, options.address.c_str(), &ipv4.sin_addr) == 1) {
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(options.port);
        size = sizeof ipv4;
    } else if (::inet_pton(AF_INET6, options.address.c_str(), &ipv6.sin6_addr) == 1) {
        ipv6.sin6_family = AF_INET6;
        ipv6.sin6_port = htons(options.port);
        size = sizeof ipv6;
    } else {
        return fail(ErrorKind::invalid_input, text::format("\"{}\" is no address to listen on", options.address));
    }
    const auto what = text::format("listening on {} port {}", options.address, options.port);
    Fd fd(::socket(storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) { return fail_errno(errno, what); }
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0 ||
        ::listen(fd.get(), kBacklog) != 0) {
        auto error = fail_errno(errno, what);
        error.kind = ErrorKind::transient; // the address may come, the port may become free
        return error;
    }
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
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
    constexpr int kNotFound = 404;
    return status == kOk ? "OK" : status == kNotFound ? "Not Found" : "Bad Request";
}

/// One connection from accept to close, all of it before its deadlines.
class Connection {
  public:
    Connection(Fd socket, SSL_CTX* context, const Fd& stop)
        : socket_(std::move(socket)), stop_(stop), session_(SSL_new(context)) {}

    void serve(const Server::Handler& handler) {
        if (!session_ || SSL_set_fd(session_.get(), socket_.get()) != 1) { return; }
        deadline_ = SteadyClock::now() + kHandshakeTime;
        if (!complete([this] { return SSL_accept(session_.get()); })) { return; }
        deadline_ = SteadyClock::now() + kExchangeTime;
        const auto request = read_request();
        if (!request) { return; }
        const auto response = handler(*request);
        deadline_ = SteadyClock::now() + kExchangeTime; // finding the answer may have taken a while
        write(text::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n"
                           "Connection: close\r\n\r\n{}",
                           response.status, reason_phrase(response.status), response.content_type,
                           response.body.size(), response.body));
        SSL_shutdown(session_.get());
    }

  private:
    /// Repeats an OpenSSL call until it is through, the deadline passes or the server stops.
    template <typename Call>
    bool complete(Call&& call) {
        for (;;) {
            ERR_clear_error();
            const int result = call();
            if (result > 0) { return true; }
            const int wanted = SSL_get_error(session_.get(), result);
            if (wanted == SSL_ERROR_WANT_READ) {
                if (!wait_for(POLLIN)) { return false; }
            } else if (wanted == SSL_ERROR_WANT_WRITE) {
                if (!wait_for(POLLOUT)) { return false; }
            } else {
                return false;
            }
        }
    }

    [[nodiscard]] bool wait_for(short events) const {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - SteadyClock::now());
        if (left.count() <= 0) { return false; }
        std::array<pollfd, 2> polled{pollfd{socket_.get(), events, 0}, pollfd{stop_.get(), POLLIN, 0}};
        const int ready = ::poll(polled.data(), polled.size(), static_cast<int>(left.count()));
        return ready > 0 && polled[1].revents == 0;
    }

    std::optional<Request> read_request() {
        constexpr std::size_t kPiece = 4096;
        std::string received;
        std::array<char, kPiece> piece{};
        while (received.find("\r\n\r\n") == std::string::npos) {
            std::size_t count = 0;
            const auto read = [&] { return SSL_read_ex(session_.get(), piece.data(), piece.size(), &count); };
            if (!complete(read)) { return std::nullopt; }
            received.append(piece.data(), count);
            if (received.size() > kLongestRequest) { return std::nullopt; }
        }
        const auto words = text::split(received.substr(0, received.find("\r\n")), ' ');
        if (words.size() != 3 || !words[2].starts_with("HTTP/1.")) { return std::nullopt; }
        return Request{.method = words[0], .path = words[1]};
    }

    void write(const std::string& bytes) {
        std::size_t count = 0;
        static_cast<void>(complete([&] { return SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count); }));
    }

    Fd socket_;
    const Fd& stop_;
    Session session_;
    SteadyClock::time_point deadline_{};
};

class ThreadedServer final : public Server {
  public:
    ThreadedServer(Options options, Handler handler, Fd listener, Fd stop)
        : options_(std::move(options)), handler_(std::move(handler)), listener_(std::move(listener)),
          stop_(std::move(stop)), thread_([this] { run(); }) {}
    ThreadedServer(const ThreadedServer&) = delete;
    ThreadedServer& operator=(const ThreadedServer&) = delete;
    ThreadedServer(ThreadedServer&&) = delete;
    ThreadedServer& operator=(ThreadedServer&&) = delete;
    ~ThreadedServer() override {
        ::eventfd_write(stop_.get(), 1);
        thread_.join();
    }

    [[nodiscard]] std::uint16_t port() const override { return port_of(listener_); }

  private:
    void run() {
        for (;;) {
            std::array<pollfd, 2> polled{pollfd{listener_.get(), POLLIN, 0}, pollfd{stop_.get(), POLLIN, 0}};
            if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) { return; }
            if (polled[1].revents != 0) { return; }
            Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!socket.valid()) {
                constexpr int kMoment = 50; // out of descriptors: the connection stays in the queue meanwhile
                ::poll(&polled[1], 1, kMoment);
                continue;
            }
            // A certificate that is just being replaced: the client asks again.
            const auto context = make_context(options_);
            if (context) { Connection(std::move(socket), context->get(), stop_).serve(handler_); }
        }
    }

    Options options_;
    Handler handler_;
    Fd listener_;
    Fd stop_;
    std::thread thread_;
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
