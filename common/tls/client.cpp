#include "common/tls/client.hpp"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <poll.h>
#include <sys/socket.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "common/text/text.hpp"
#include "common/tls/session.hpp"

namespace ingot::tls {

namespace {

using files::Fd;

constexpr auto kConnectTime = std::chrono::seconds(2);

Result<Context> make_context(const Question& question) {
    Context context(SSL_CTX_new(TLS_client_method()));
    if (!context) { return fail(ErrorKind::bug, "OpenSSL: " + openssl_reason()); }
    SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
    if (SSL_CTX_load_verify_file(context.get(), question.ca_file.c_str()) != 1) {
        return fail(ErrorKind::transient,
                    text::format("reading {}: {}", question.ca_file.string(), openssl_reason()));
    }
    if (!question.cert_file.empty() &&
        (SSL_CTX_use_certificate_chain_file(context.get(), question.cert_file.c_str()) != 1 ||
         SSL_CTX_use_PrivateKey_file(context.get(), question.key_file.c_str(), SSL_FILETYPE_PEM) != 1)) {
        return fail(ErrorKind::transient, "loading the own certificate: " + openssl_reason());
    }
    return context;
}

Result<Fd> connect_to(const Question& question, std::chrono::milliseconds patience) {
    INGOT_ASSIGN(const auto address, socket_address(question.address, question.port), "");
    Fd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) { return fail_errno(errno, "making a socket"); }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the way of the sockets interface
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) == 0) { return fd; }
    int error = errno;
    if (error == EINPROGRESS) {
        pollfd polled{fd.get(), POLLOUT, 0};
        socklen_t size = sizeof error;
        if (::poll(&polled, 1, static_cast<int>(patience.count())) <= 0) {
            return fail(ErrorKind::transient, "no answer");
        }
        ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) { return fd; }
    // not_found: a machine is there, and nobody at the port.
    auto failure = fail_errno(error, "connecting");
    failure.kind = error == ECONNREFUSED ? ErrorKind::not_found : ErrorKind::transient;
    return failure;
}

Error handshake_error(const Channel& channel) {
    const long verdict = SSL_get_verify_result(channel.session());
    if (verdict != X509_V_OK) {
        ERR_clear_error();
        return fail(ErrorKind::refused,
                    text::format("its certificate is not trusted: {}", X509_verify_cert_error_string(verdict)));
    }
    return fail(ErrorKind::transient, "TLS: " + openssl_reason());
}

} // namespace

Result<Answer> ask(const Question& question, const std::function<std::string(const std::string& binding)>& body) {
    const auto who = text::format("{} port {}", question.address, question.port);
    INGOT_ASSIGN(const auto context, make_context(question), who);
    auto socket = connect_to(question, std::min<std::chrono::milliseconds>(kConnectTime, question.patience));
    if (!socket) { return fail(ErrorKind::transient, socket.error().message).with_context(who); }
    Channel channel(*std::move(socket), context.get(), -1);
    if (!channel.attach() ||
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(channel.session()), question.address.c_str()) != 1) {
        return fail(ErrorKind::bug, "OpenSSL: " + openssl_reason()).with_context(who);
    }
    channel.deadline_in(question.patience);
    if (!channel.connect()) { return handshake_error(channel).with_context(who); }
    const auto binding = channel.binding();
    if (binding.empty()) { return fail(ErrorKind::bug, "no binding of the connection").with_context(who); }
    const auto content = body(binding);
    const bool sent = channel.write(text::format("{} {} HTTP/1.1\r\nHost: ingot\r\nContent-Length: {}\r\n\r\n{}",
                                                 question.method, question.path, content.size(), content));
    auto message = sent ? read_message(channel, question.longest_answer) : std::nullopt;
    if (!message) {
        // In TLS 1.3 a refused client certificate shows only here.
        const auto reason = openssl_reason();
        const bool alert = reason.find("alert") != std::string::npos;
        return fail(alert ? ErrorKind::refused : ErrorKind::transient,
                    alert ? "it does not take our certificate: " + reason : "the connection ended without an answer")
            .with_context(who);
    }
    channel.close();
    const auto words = text::split(message->first_line, ' ');
    const auto status = words.size() >= 2 ? text::to_number(words[1]) : std::nullopt;
    if (!status) { return fail(ErrorKind::transient, "an answer that is not HTTP").with_context(who); }
    return Answer{.status = static_cast<int>(*status), .body = std::move(message->body)};
}

bool somebody_answers(const std::string& address, std::uint16_t port, std::chrono::milliseconds patience) {
    const auto socket = connect_to({.address = address, .port = port}, patience);
    return socket || socket.error().kind == ErrorKind::not_found;
}

} // namespace ingot::tls
