// The HTTP of the false Hetzner Cloud: takes a request apart, hands it over, sends what comes back, or does not.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include "common/files/files.hpp"

namespace ingot::tests {

struct FakeRequest {
    std::string method, path; ///< the path without the query
    std::map<std::string, std::string> query, headers;
    std::string body;
};

struct FakeAnswer {
    enum class Ending {
        sent,
        closed, ///< the connection ends without an answer
        silent, ///< no answer comes, and the connection stays
    };
    Ending ending = Ending::sent;
    int status = 200;
    std::map<std::string, std::string> headers;
    std::string body;
};

/// Listens on loopback from the beginning to the end of its life; every connection has one request and a thread.
class FakeHttp {
  public:
    using Handler = std::function<FakeAnswer(const FakeRequest&)>;
    explicit FakeHttp(Handler handler);
    ~FakeHttp();
    FakeHttp(const FakeHttp&) = delete;
    FakeHttp& operator=(const FakeHttp&) = delete;
    FakeHttp(FakeHttp&&) = delete;
    FakeHttp& operator=(FakeHttp&&) = delete;
    [[nodiscard]] int port() const { return port_; }

  private:
    void serve();
    void answer(int connection);

    Handler handler_;
    files::Fd listener_;
    int port_ = 0;
    std::atomic<bool> stopping_ = false;
    std::thread thread_;
};

} // namespace ingot::tests
