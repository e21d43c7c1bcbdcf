// The database members, as Patroni announces them in etcd.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstboot/coordination/etcd_client.hpp"

namespace ingot::firstboot::proxy {

/// Where a member's PostgreSQL listens.
struct Endpoint {
    std::string address;
    int port = 5432;
    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// All members that announce where they are, whatever they are doing: health checks decide about traffic, not
/// this list. Entries that cannot be understood are left out.
std::vector<Endpoint> members_from(const std::vector<KeyValue>& entries);

/// The member whose name stands under "leader", if it announces where it is. `prefix`: Patroni's, with the last
/// slash.
std::optional<Endpoint> leader_from(const std::vector<KeyValue>& entries, std::string_view prefix);

/// "postgres://10.0.0.21:5432/postgres" → its endpoint. Addresses only: names would have to be looked up.
std::optional<Endpoint> endpoint_from_url(std::string_view url);

/// Patroni's cluster-wide max_connections, from its key "config"; nothing if it does not say.
std::optional<int> max_connections_from(std::string_view config);

} // namespace ingot::firstboot::proxy
