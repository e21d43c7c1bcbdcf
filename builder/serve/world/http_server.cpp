#include "builder/serve/world/http_server.hpp"

#include <array>
#include <cerrno>

#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace {

constexpr std::size_t kLargestBody = 64U << 10U;
constexpr unsigned kThreads = 4;
constexpr unsigned kConnections = 512;
constexpr unsigned kPerAddress = 32;
constexpr unsigned kSilence = 60; ///< seconds

struct DestroyResponse {
    void operator()(MHD_Response* response) const { MHD_destroy_response(response); }
};
using ResponseHandle = std::unique_ptr<MHD_Response, DestroyResponse>;

struct StopDaemon {
    void operator()(MHD_Daemon* daemon) const { MHD_stop_daemon(daemon); }
};

/// What is known of a request until all of it is there.
struct Pending {
    std::string body{};
    bool too_large = false;
};

std::string header(MHD_Connection* connection, const char* name) {
    const char* const value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
    return value == nullptr ? "" : value;
}

MHD_Result take_argument(void* into, MHD_ValueKind /*kind*/, const char* key, const char* value) {
    constexpr std::size_t kMost = 16;
    auto& query = *static_cast<std::map<std::string, std::string>*>(into);
    if (query.size() < kMost && key != nullptr) { query.emplace(key, value == nullptr ? "" : value); }
    return MHD_YES;
}

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast,cppcoreguidelines-pro-type-union-access): sockets are so
std::string client_of(MHD_Connection* connection) {
    const auto* const info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (info == nullptr || info->client_addr == nullptr) { return "?"; }
    const auto* const address = info->client_addr;
    const void* raw = nullptr;
    if (address->sa_family == AF_INET) { raw = &reinterpret_cast<const sockaddr_in*>(address)->sin_addr; }
    if (address->sa_family == AF_INET6) { raw = &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr; }
    if (raw == nullptr || ::inet_ntop(address->sa_family, raw, text.data(), text.size()) == nullptr) { return "?"; }
    return text.data();
}
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast,cppcoreguidelines-pro-type-union-access)

ResponseHandle make_response(HttpAnswer& answer) {
    ResponseHandle response;
    if (answer.file) {
        // From here on libmicrohttpd closes the file.
        response.reset(MHD_create_response_from_fd_at_offset64(answer.file->length, answer.file->fd.release(),
                                                               answer.file->offset));
    } else {
        response.reset(
            MHD_create_response_from_buffer(answer.body.size(), answer.body.data(), MHD_RESPMEM_MUST_COPY));
    }
    if (!response) { return response; }
    MHD_add_response_header(response.get(), "Content-Type", answer.type.c_str());
    for (const auto& [name, value] : answer.headers) {
        MHD_add_response_header(response.get(), name.c_str(), value.c_str());
    }
    return response;
}

class Microhttpd final : public HttpServer {
  public:
    explicit Microhttpd(Handler handler) : handler_(std::move(handler)) {}

    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast,cppcoreguidelines-pro-type-vararg)
    Status listen(const std::string& address, std::uint16_t port) {
        sockaddr_in own{};
        own.sin_family = AF_INET;
        own.sin_port = htons(port);
        if (::inet_pton(AF_INET, address.c_str(), &own.sin_addr) != 1) {
            return fail(ErrorKind::invalid_input, text::format("'{}' is no IPv4 address to listen on", address));
        }
        const auto flags =
            static_cast<unsigned>(MHD_USE_INTERNAL_POLLING_THREAD) | static_cast<unsigned>(MHD_USE_EPOLL);
        daemon_.reset(MHD_start_daemon(
            flags, port, nullptr, nullptr, &Microhttpd::on_request, this, MHD_OPTION_SOCK_ADDR,
            reinterpret_cast<sockaddr*>(&own), MHD_OPTION_THREAD_POOL_SIZE, kThreads, MHD_OPTION_CONNECTION_LIMIT,
            kConnections, MHD_OPTION_PER_IP_CONNECTION_LIMIT, kPerAddress, MHD_OPTION_CONNECTION_TIMEOUT, kSilence,
            MHD_OPTION_NOTIFY_COMPLETED, &Microhttpd::on_completed, nullptr, MHD_OPTION_EXTERNAL_LOGGER,
            &Microhttpd::on_message, nullptr, MHD_OPTION_END));
        if (!daemon_) {
            auto error = fail_errno(errno, text::format("listening on {}:{}", address, port));
            error.kind = ErrorKind::transient;
            return error;
        }
        const auto* const info = MHD_get_daemon_info(daemon_.get(), MHD_DAEMON_INFO_BIND_PORT);
        port_ = info == nullptr ? port : info->port; // NOLINT(cppcoreguidelines-pro-type-union-access)
        return {};
    }
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast,cppcoreguidelines-pro-type-vararg)
    [[nodiscard]] std::uint16_t port() const override { return port_; }

  private:
    static void on_message(void* /*context*/, const char* /*format*/, va_list /*arguments*/) {}

    static void on_completed(void* /*context*/, MHD_Connection* /*connection*/, void** pending,
                             MHD_RequestTerminationCode /*why*/) {
        delete static_cast<Pending*>(*pending); // NOLINT(cppcoreguidelines-owning-memory): made in on_request
        *pending = nullptr;
    }

    static MHD_Result on_request(void* self, MHD_Connection* connection, const char* url, const char* method,
                                 const char* /*version*/, const char* data, std::size_t* size, void** pending) {
        try {
            return static_cast<Microhttpd*>(self)->handle(connection, url, method, data, size, pending);
        } catch (const std::exception&) { return MHD_NO; } // out of memory: this connection ends, the others go on
    }

    MHD_Result handle(MHD_Connection* connection, const char* url, const char* method, const char* data,
                      std::size_t* size, void** pending) {
        if (*pending == nullptr) {    // only the head is there
            *pending = new Pending(); // NOLINT(cppcoreguidelines-owning-memory): on_completed deletes it
            return MHD_YES;
        }
        auto& known = *static_cast<Pending*>(*pending);
        if (*size > 0) {
            known.too_large = known.too_large || known.body.size() + *size > kLargestBody;
            if (!known.too_large) { known.body.append(data, *size); }
            *size = 0;
            return MHD_YES;
        }
        HttpRequest request{.method = method,
                            .path = url,
                            .host = header(connection, "Host"),
                            .range = header(connection, "Range"),
                            .client = client_of(connection),
                            .body = std::move(known.body)};
        MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, &take_argument, &request.query);
        HttpAnswer answer;
        if (known.too_large) {
            answer = {.status = MHD_HTTP_CONTENT_TOO_LARGE, .body = "too large\n"};
        } else {
            answer = handler_(request);
        }
        const auto response = make_response(answer);
        if (!response) { return MHD_NO; }
        return MHD_queue_response(connection, static_cast<unsigned>(answer.status), response.get());
    }

    Handler handler_;
    std::uint16_t port_ = 0;
    std::unique_ptr<MHD_Daemon, StopDaemon> daemon_{}; ///< last: it stops before the handler goes
};

} // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::start(const std::string& address, std::uint16_t port,
                                                      Handler handler) {
    auto server = std::make_unique<Microhttpd>(std::move(handler));
    INGOT_TRY(server->listen(address, port), "");
    return std::unique_ptr<HttpServer>(std::move(server));
}

} // namespace ingot::builder::serve
