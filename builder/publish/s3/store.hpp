// A bucket: put, look, read back, remove; each repeated where that is harmless.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "builder/publish/s3/names.hpp"
#include "builder/publish/stop.hpp"
#include "common/crypto/crypto.hpp"
#include "common/http/signed.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::s3 {

struct Credentials {
    crypto::Secret access_key;
    crypto::Secret secret_key;
};

/// From a file of two lines, `aws_access_key_id = …` and `aws_secret_access_key = …` (more lines do not matter), mode
/// 0600; or, if none is named, from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.
Result<Credentials> read_credentials(const std::string& file);

struct Patience {
    std::chrono::milliseconds request = std::chrono::minutes(10); ///< of one part
    std::chrono::milliseconds backoff = std::chrono::seconds(1);
    int attempts = 6;
    std::uint64_t part = 32ULL << 20U; ///< larger files go in parts of this size
};

/// One object per thread.
class Store {
  public:
    Store(const Place& place, const Credentials& credentials, std::optional<http::Tls> tls, const Patience& patience,
          const Stop& stop)
        : place_(place), credentials_(credentials), tls_(std::move(tls)), patience_(patience), stop_(&stop) {}

    /// From now on another one decides whether to go on (the clean-up).
    void obey(const Stop& stop) { stop_ = &stop; }

    /// The SHA-256 that the object was uploaded with, by us; nothing if there is no such object.
    Result<std::optional<std::string>> digest_of(const std::string& key);
    using Tell = std::function<void(std::uint64_t done)>;
    /// Uploads a file; what was begun is removed again if that fails.
    Status put(const std::string& key, const std::filesystem::path& file, const std::string& sha256,
               const Tell& tell);
    /// SHA-256 of the object as the storage gives it.
    Result<std::string> read_back(const std::string& key, const Tell& tell);
    Status remove(const std::string& key);

  private:
    struct Ask {
        std::string method;
        std::string key;
        std::string query{};
        std::vector<std::string> headers{};
        std::string body{};
    };
    [[nodiscard]] http::InternetRequest request(const Ask& ask) const;
    Result<http::Response> send(const Ask& ask);
    Status put_in_parts(const std::string& key, const std::filesystem::path& file, const std::string& sha256,
                        std::uint64_t size, const Tell& tell);

    const Place& place_;
    const Credentials& credentials_;
    std::optional<http::Tls> tls_;
    const Patience& patience_;
    const Stop* stop_;
    http::InternetClient http_;
};

} // namespace ingot::builder::publish::s3
