#include "firstboot/backuphost/backuphost.hpp"
#include "firstboot/cli/commands.hpp"
#include "firstboot/db/db.hpp"
#include "firstboot/db/render.hpp"
#include "firstboot/etcd/etcd.hpp"
#include "firstboot/proxy/proxy.hpp"

namespace ingot::firstboot::cli {

std::vector<std::string> role_data(const NodeSpec& node) {
    switch (node.config.role) {
    case cloud_init::Role::db: return {db::data_directory(node)};
    case cloud_init::Role::etcd: return {std::string(paths::kEtcdData)};
    case cloud_init::Role::proxy: return {};
    // A repository is the cluster's, not the machine's: pgBackRest itself looks whose it is.
    case cloud_init::Role::backup: return {};
    }
    return {};
}

Role make_role(const NodeSpec& node, Environment& environment) {
    switch (node.config.role) {
    case cloud_init::Role::db: return make_db_role(node, environment);
    case cloud_init::Role::etcd: return make_etcd_role(node, environment);
    case cloud_init::Role::proxy: return make_proxy_role(node, environment);
    case cloud_init::Role::backup: return make_backup_role(node, environment);
    }
    return {};
}

} // namespace ingot::firstboot::cli
