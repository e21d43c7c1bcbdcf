#include "firstboot/cli/commands.hpp"
#include "firstboot/etcd/etcd.hpp"
#if __has_include("firstboot/db/db.hpp")
#include "firstboot/db/db.hpp"
#endif
#if __has_include("firstboot/proxy/proxy.hpp")
#include "firstboot/proxy/proxy.hpp"
#endif

namespace ingot::firstboot::cli {

Role make_role(const NodeSpec& node, Environment& environment) {
    switch (node.config.role) {
    case cloud_init::Role::etcd: return make_etcd_role(node, environment);
    case cloud_init::Role::db:
#if __has_include("firstboot/db/db.hpp")
        return make_db_role(node, environment);
#else
        break;
#endif
    case cloud_init::Role::proxy:
#if __has_include("firstboot/proxy/proxy.hpp")
        return make_proxy_role(node, environment);
#else
        break;
#endif
    }
    return {};
}

} // namespace ingot::firstboot::cli
