// libmicrohttpd behind one function: a request comes in, an answer goes out. It parses HTTP, keeps connections,
// limits them, and sends files by sendfile; nothing of that is written here again.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::serve {

struct HttpRequest {
    std::string method{};
    std::string path{};
    std::map<std::string, std::string> query{};
    std::string host{};   ///< header Host
    std::string range{};  ///< header Range
    std::string client{}; ///< address
    std::string body{};
};

/// A file, or a part of one.
struct FileBody {
    files::Fd fd{};
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

struct HttpAnswer {
    int status = 200;
    std::string type = "text/plain";
    std::map<std::string, std::string> headers{};
    std::string body{};
    std::optional<FileBody> file{}; ///< instead of `body`
};

class HttpServer {
  public:
    using Handler = std::function<HttpAnswer(const HttpRequest&)>;

    /// Listens at once; `handler` is called from several threads. transient if the address is taken.
    static Result<std::unique_ptr<HttpServer>> start(const std::string& address, std::uint16_t port, Handler handler);
    virtual ~HttpServer() = default;
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;
    HttpServer(HttpServer&&) = delete;
    HttpServer& operator=(HttpServer&&) = delete;
    [[nodiscard]] virtual std::uint16_t port() const = 0;

  protected:
    HttpServer() = default;
};

} // namespace ingot::builder::serve
