// A database node as the tests need one.
#pragma once

#include "firstboot/node/node.hpp"

namespace ingot::firstboot::db {

inline NodeSpec sample_node() {
    NodeSpec node{.name = "db-1",
                  .instance_id = "i-1",
                  .address = "10.0.0.21",
                  .memory_bytes = 8ULL << 30U,
                  .cpus = 4,
                  .config = {.cluster = "orders",
                             .cluster_id = "6f1c2d3e-0000-4000-8000-000000000000",
                             .role = cloud_init::Role::db,
                             .network = "10.0.0.0/24"}};
    node.config.etcd.founders = {{"etcd-1", "10.0.0.11"}, {"etcd-2", "10.0.0.12"}, {"etcd-3", "10.0.0.13"}};
    node.config.backup.repositories = {{.path = "/var/lib/pgbackrest"}};
    return node;
}

} // namespace ingot::firstboot::db
