// An object storage with one bucket: the npm package that tests/support/s3_server.js runs, over TLS.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "common/process/background.hpp"

namespace ingot::tests {

class Storage {
  public:
    /// Why there can be none here; empty if there can.
    static std::string why_not();
    static std::unique_ptr<Storage> start(const std::filesystem::path& folder);
    [[nodiscard]] std::string endpoint() const { return "https://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::filesystem::path certificate() const { return folder_ / "s3.crt"; }
    /// The content of an object; empty if there is none.
    [[nodiscard]] std::string object(const std::string& key) const;
    [[nodiscard]] std::size_t objects() const;

    static constexpr const char* kBucket = "images";
    static constexpr const char* kAccessKey = "TESTKEY0123456789ABC";
    static constexpr const char* kSecretKey = "test/secret+0123456789";

  private:
    Storage(std::filesystem::path folder, int port, process::Background server)
        : folder_(std::move(folder)), port_(port), server_(std::move(server)) {}
    std::filesystem::path folder_;
    int port_;
    process::Background server_;
};

} // namespace ingot::tests
