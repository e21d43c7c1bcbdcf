#include "installer/fetch/socket.hpp"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

constexpr int kConnectMilliseconds = 10'000;
constexpr timeval kPatience{.tv_sec = 30, .tv_usec = 0};

struct FreeAddresses {
    void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
struct FreeSsl {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct FreeContext {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};

Error lost(int problem, const std::string& doing) {
    auto error = fail_errno(problem == EAGAIN ? ETIMEDOUT : problem, doing);
    error.kind = ErrorKind::transient;
    return error;
}

/// Connects within a time, which the kernel's own two minutes are not.
Result<files::Fd> connect_to(const addrinfo& address) {
    files::Fd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) { return lost(errno, "making a socket"); }
    if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) != 0) {
        if (errno != EINPROGRESS) { return lost(errno, "connecting"); }
        pollfd wait{.fd = fd.get(), .events = POLLOUT, .revents = 0};
        if (::poll(&wait, 1, kConnectMilliseconds) <= 0) { return lost(ETIMEDOUT, "connecting"); }
        int problem = 0;
        socklen_t size = sizeof problem;
        if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &problem, &size) != 0) { problem = errno; }
        if (problem != 0) { return lost(problem, "connecting"); }
    }
    const int flags = ::fcntl(fd.get(), F_GETFL);    // NOLINT(cppcoreguidelines-pro-type-vararg): the interface is so
    ::fcntl(fd.get(), F_SETFL, flags & ~O_NONBLOCK); // NOLINT(cppcoreguidelines-pro-type-vararg)
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) {
        ::setsockopt(fd.get(), SOL_SOCKET, option, &kPatience, sizeof kPatience);
    }
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

Result<files::Fd> connect_host(const Url& url) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* raw = nullptr;
    const int problem = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &raw);
    const std::unique_ptr<addrinfo, FreeAddresses> list(raw);
    if (problem != 0) {
        return fail(ErrorKind::transient, text::format("looking up {}: {}", url.host, ::gai_strerror(problem)));
    }
    Error last = fail(ErrorKind::transient, "it has no address");
    for (const auto* address = list.get(); address != nullptr; address = address->ai_next) {
        auto fd = connect_to(*address);
        if (fd) { return fd; }
        last = std::move(fd).error();
    }
    return last;
}

class Plain final : public Socket {
  public:
    explicit Plain(files::Fd fd) : fd_(std::move(fd)) {}
    Status send(std::string_view bytes) override {
        while (!bytes.empty()) {
            const auto sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) { return lost(errno, "sending"); }
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return {};
    }
    Result<std::size_t> receive(char* into, std::size_t most) override {
        for (;;) {
            const auto got = ::recv(fd_.get(), into, most, 0);
            if (got >= 0) { return static_cast<std::size_t>(got); }
            if (errno != EINTR) { return lost(errno, "receiving"); }
        }
    }

  private:
    files::Fd fd_;
};

class Encrypted final : public Socket {
  public:
    static Result<std::unique_ptr<Socket>> start(files::Fd fd, const Url& url) {
        auto made = std::make_unique<Encrypted>();
        made->fd_ = std::move(fd);
        made->context_.reset(SSL_CTX_new(TLS_client_method()));
        if (!made->context_ || SSL_CTX_set_default_verify_paths(made->context_.get()) != 1) {
            return fail(ErrorKind::bug, "OpenSSL does not start");
        }
        SSL_CTX_set_min_proto_version(made->context_.get(), TLS1_2_VERSION); // NOLINT: OpenSSL's macro casts
        SSL_CTX_set_verify(made->context_.get(), SSL_VERIFY_PEER, nullptr);
        made->ssl_.reset(SSL_new(made->context_.get()));
        auto* const ssl = made->ssl_.get();
        if (ssl == nullptr || SSL_set_fd(ssl, made->fd_.get()) != 1 || SSL_set1_host(ssl, url.host.c_str()) != 1) {
            return fail(ErrorKind::bug, "OpenSSL does not start");
        }
        auto name = url.host; // SSL_set_tlsext_host_name(), without its cast
        SSL_ctrl(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
        if (SSL_connect(ssl) != 1) {
            const auto verified = SSL_get_verify_result(ssl);
            ERR_clear_error();
            if (verified == X509_V_OK) { return fail(ErrorKind::transient, "the TLS handshake broke off"); }
            return fail(ErrorKind::refused,
                        text::format("its certificate is not accepted: {} (http:// does as well: what is written is "
                                     "known by its signature)",
                                     X509_verify_cert_error_string(verified)));
        }
        return made;
    }
    Encrypted() = default;

    Status send(std::string_view bytes) override {
        if (SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0) { return {}; }
        ERR_clear_error();
        return fail(ErrorKind::transient, "the TLS connection broke off");
    }
    Result<std::size_t> receive(char* into, std::size_t most) override {
        const auto got = SSL_read(ssl_.get(), into, static_cast<int>(most));
        if (got > 0) { return static_cast<std::size_t>(got); }
        const auto why = SSL_get_error(ssl_.get(), got);
        ERR_clear_error();
        if (why == SSL_ERROR_ZERO_RETURN) { return std::size_t{0}; }
        return fail(ErrorKind::transient, "the TLS connection broke off");
    }

  private:
    files::Fd fd_{};
    std::unique_ptr<SSL_CTX, FreeContext> context_{};
    std::unique_ptr<SSL, FreeSsl> ssl_{};
};

} // namespace

Result<std::unique_ptr<Socket>> Socket::connect(const Url& url) {
    INGOT_ASSIGN(auto fd, connect_host(url), "connecting to " + url.authority());
    if (!url.tls) { return std::unique_ptr<Socket>(std::make_unique<Plain>(std::move(fd))); }
    INGOT_ASSIGN(auto encrypted, Encrypted::start(std::move(fd), url), "connecting to " + url.authority());
    return encrypted;
}

} // namespace ingot::installer
