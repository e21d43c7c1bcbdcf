#include "firstboot/proxy/observe.hpp"

#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/coordination/pause.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/proxy/render.hpp"
#include "firstboot/proxy/runtime.hpp"

namespace ingot::firstboot::proxy {

EtcdSession Proxy::etcd() const {
    return {environment.make_http(), addresses_to_try(environment.root, node.config.etcd.founders),
            tls_for(environment.root, "etcd")};
}

Result<std::string> Proxy::ask(std::string_view line) const {
    return ask_haproxy(environment.root.at(kHaproxySocket), line);
}

Result<std::vector<Slot>> observe_slots(const Proxy& proxy) {
    INGOT_ASSIGN(const auto answer, proxy.ask("show servers state"), "");
    return slots_from_state(answer);
}

Result<MembersView> observe_members(const Proxy& proxy, EtcdSession& etcd) {
    const auto prefix = patroni_key(proxy.node.config.cluster, "");
    INGOT_ASSIGN(const auto listing, etcd->list(prefix), "reading the members");
    return MembersView{.members = members_from(listing.entries),
                       .leader = leader_from(listing.entries, prefix),
                       .revision = listing.revision};
}

Result<PoolSizes> observe_pool_sizes(const Proxy& proxy, EtcdSession& etcd) {
    const auto& config = proxy.node.config;
    INGOT_ASSIGN(const auto proxies, etcd->list(proxies_prefix(config.cluster)), "counting the proxies");
    INGOT_ASSIGN(const auto members, etcd->list(patroni_key(config.cluster, "members/")), "counting the members");
    INGOT_ASSIGN(const auto dynamic, etcd->get(patroni_key(config.cluster, "config")),
                 "reading Patroni's configuration");
    return pool_sizes({.asked = config.proxy.pool_size,
                       .max_connections = dynamic ? max_connections_from(dynamic->value) : std::nullopt,
                       .proxies = static_cast<int>(proxies.entries.size()),
                       .databases = static_cast<int>(config.postgres.databases.size()),
                       .replicas = static_cast<int>(members.entries.size()) - 1});
}

} // namespace ingot::firstboot::proxy
