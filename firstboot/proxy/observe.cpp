#include "firstboot/proxy/observe.hpp"

#include <algorithm>

#include "common/text/text.hpp"
#include "firstboot/coordination/etcd_client.hpp"
#include "firstboot/coordination/pause.hpp"
#include "firstboot/proxy/render.hpp"
#include "firstboot/proxy/runtime.hpp"
#include "firstboot/view/client.hpp"

namespace ingot::firstboot::proxy {

std::unique_ptr<EtcdView> Proxy::etcd() const {
    return std::make_unique<view::ViewClient>(view::open(node, environment.root));
}

Result<std::string> Proxy::ask(std::string_view line) const {
    return ask_haproxy(environment.root.at(kHaproxySocket), line);
}

Result<std::vector<Slot>> observe_slots(const Proxy& proxy) {
    INGOT_ASSIGN(const auto answer, proxy.ask("show servers state"), "");
    return slots_from_state(answer);
}

Result<MembersView> observe_members(const Proxy& proxy, EtcdView& etcd) {
    const auto prefix = patroni_key(proxy.node.config.cluster, "");
    INGOT_ASSIGN(const auto listing, etcd.list(prefix), "reading the members");
    return MembersView{.members = members_from(listing.entries),
                       .leader = leader_from(listing.entries, prefix),
                       .revision = listing.revision};
}

Result<PoolSizes> observe_pool_sizes(const Proxy& proxy, EtcdView& etcd) {
    const auto& config = proxy.node.config;
    INGOT_ASSIGN(const auto proxies, etcd.list(proxies_prefix(config.cluster)), "counting the proxies");
    INGOT_ASSIGN(const auto patroni, etcd.list(patroni_key(config.cluster, "")), "reading Patroni's keys");
    const auto members = std::ranges::count_if(patroni.entries, [&config](const KeyValue& entry) {
        return entry.key.starts_with(patroni_key(config.cluster, "members/"));
    });
    const auto dynamic = std::ranges::find(patroni.entries, patroni_key(config.cluster, "config"), &KeyValue::key);
    return pool_sizes(
        {.asked = config.proxy.pool_size,
         .max_connections = dynamic == patroni.entries.end() ? std::nullopt : max_connections_from(dynamic->value),
         .proxies = static_cast<int>(proxies.entries.size()),
         .databases = static_cast<int>(config.postgres.databases.size()),
         .replicas = static_cast<int>(members) - 1});
}

} // namespace ingot::firstboot::proxy
