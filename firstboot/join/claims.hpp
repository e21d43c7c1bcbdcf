// Where names are claimed and revoked: keys in etcd, each written only if it is what was read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstboot/coordination/etcd_client.hpp"
#include "firstboot/join/decide.hpp"
#include "firstboot/join/follow.hpp"

namespace ingot::firstboot::join {

class Claims {
  public:
    Claims(EtcdClient& etcd, std::string cluster) : etcd_(etcd), cluster_(std::move(cluster)) {}

    struct Stored {
        Claim claim;
        std::int64_t mod_revision = 0;
    };
    Result<std::optional<Stored>> find(std::string_view name);
    /// Writes if nobody has written since `before` was read; transient otherwise.
    Status write(std::string_view name, const Claim& claim, const std::optional<Stored>& before);
    Result<std::vector<std::pair<std::string, Claim>>> list();

    Result<std::vector<Revocation>> revocations();
    Status revoke(const Revocation& revocation);
    Status lift(std::string_view name);

    /// What each node last said of itself, by name.
    Result<std::vector<std::pair<std::string, Sighting>>> sightings();
    /// Writes it down, if it is news.
    Status see(std::string_view name, const Sighting& sighting);

  private:
    [[nodiscard]] std::string name_key(std::string_view name) const;
    [[nodiscard]] std::string revoked_key(std::string_view name) const;
    [[nodiscard]] std::string seen_key(std::string_view name) const;
    EtcdClient& etcd_;
    std::string cluster_;
};

} // namespace ingot::firstboot::join
