// Files by HTTP on loopback, which QEMU shows to the machine as 10.0.0.2, the second address of its network.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace ingot::tests {

class WebServer {
  public:
    explicit WebServer(std::filesystem::path folder);
    ~WebServer();
    WebServer(const WebServer&) = delete;
    WebServer& operator=(const WebServer&) = delete;
    WebServer(WebServer&&) = delete;
    WebServer& operator=(WebServer&&) = delete;

    /// "http://10.0.0.2:PORT/", as the machine sees it.
    [[nodiscard]] std::string url() const;
    /// True if that path was asked for and given.
    [[nodiscard]] bool gave(const std::string& path) const;

  private:
    void serve(int connection);
    std::filesystem::path folder_;
    int socket_ = -1;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;
    std::set<std::string> given_;
    std::atomic<bool> ending_ = false;
    std::jthread thread_;
};

} // namespace ingot::tests
