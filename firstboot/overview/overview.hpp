// The whole cluster in one table, from what its members keep in etcd: any node can show it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstboot/coordination/etcd_client.hpp"

namespace ingot::firstboot::overview {

struct Row {
    std::string name;
    std::string role; ///< "db", "etcd", "proxy"
    std::string address;
    std::string state;  ///< "leads", "streaming", "learner", "routes", …
    std::string detail; ///< timeline, what it lags behind, what it does not take part in
    friend bool operator==(const Row&, const Row&) = default;
};

/// What was read: Patroni's keys, Ingot's, and etcd's members.
struct Sources {
    std::string cluster;
    std::vector<KeyValue> patroni{}; ///< under /service/<cluster>/
    std::vector<KeyValue> ingot{};   ///< the proxies under /ingot/<cluster>/, and backup/state
    std::vector<EtcdMember> etcd{};
};

/// etcd, then db with its leader first, then proxies. What cannot be understood is left out.
std::vector<Row> rows_of(const Sources& sources);
/// What is to be known of the cluster as a whole: who leads, that it is a standby, paused, without a backup.
std::vector<std::string> remarks_of(const Sources& sources);
/// For a terminal.
std::string to_screen_text(const std::vector<Row>& rows, const std::vector<std::string>& remarks);

} // namespace ingot::firstboot::overview
