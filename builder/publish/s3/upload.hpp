// ingot upload s3: disk.raw.zst, manifest and signature as objects, read back and compared.
#pragma once

#include <optional>
#include <string>

#include "builder/publish/publish.hpp"
#include "builder/publish/s3/store.hpp"

namespace ingot::builder::publish::s3 {

class S3 final : public Provider {
  public:
    S3(const Place& place, const Credentials& credentials, std::optional<http::Tls> tls, const Patience& patience)
        : place_(place), credentials_(credentials), tls_(std::move(tls)), patience_(patience) {}

    Result<Published> publish(const Image& image, Report& report, const Stop& stop) override;

  private:
    Status put_all(Store& store, const Image& image, Report& report, std::vector<std::string>& made);
    [[nodiscard]] Published published(const Image& image) const;

    const Place& place_;
    const Credentials& credentials_;
    std::optional<http::Tls> tls_;
    const Patience& patience_;
};

} // namespace ingot::builder::publish::s3
