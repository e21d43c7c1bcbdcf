#include "firstboot/etcd/member.hpp"

#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/etcd/founding.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::etcd {

ClusterSession Member::session() const {
    return {environment.make_http(), etcd_endpoints(environment.root, node.config.etcd.founders),
            tls_for(environment.root, "etcd")};
}

ClusterSession Member::session_with(std::vector<std::string> endpoints) const {
    return {environment.make_http(), std::move(endpoints), tls_for(environment.root, "etcd")};
}

ClusterSession Member::own_session() const { return session_with({url_of(node.address, kClientPort)}); }

std::string Member::key(std::string_view rest) const {
    return ingot_key(node.config.cluster, std::string("etcd/") + std::string(rest));
}

} // namespace ingot::firstboot::etcd
