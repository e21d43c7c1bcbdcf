#include "firstboot/proxy/observe.hpp"

#include "common/text/text.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/identity/identity.hpp"
#include "firstboot/proxy/pool.hpp"
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

std::string members_prefix(const Proxy& proxy) { return patroni_key(proxy.node.config.cluster, "members/"); }

Result<MembersView> observe_members(const Proxy& proxy, EtcdSession& etcd) {
    INGOT_ASSIGN(const auto listing, etcd->list(members_prefix(proxy)), "reading the members");
    return MembersView{.members = members_from(listing.entries), .revision = listing.revision};
}

std::string proxies_prefix(const Proxy& proxy) { return ingot_key(proxy.node.config.cluster, "proxies/"); }

Result<int> observe_pool_size(const Proxy& proxy, EtcdSession& etcd) {
    INGOT_ASSIGN(const auto proxies, etcd->list(proxies_prefix(proxy)), "counting the proxies");
    INGOT_ASSIGN(const auto config, etcd->get(patroni_key(proxy.node.config.cluster, "config")),
                 "reading Patroni's configuration");
    const auto limit = config ? max_connections_from(config->value) : std::nullopt;
    return pool_size(proxy.node.config.proxy.pool_size, limit, static_cast<int>(proxies.entries.size()));
}

} // namespace ingot::firstboot::proxy
