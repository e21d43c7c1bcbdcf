// A proxy node as the tests need one.
#pragma once

#include "firstboot/node/node.hpp"

namespace ingot::firstboot::proxy {

inline NodeSpec sample_node() {
    NodeSpec node{.name = "proxy-1",
                  .instance_id = "i-1",
                  .address = "10.0.0.31",
                  .cpus = 2,
                  .config = {.cluster = "orders",
                             .cluster_id = "6f1c2d3e-0000-4000-8000-000000000000",
                             .role = cloud_init::Role::proxy,
                             .network = "10.0.0.0/24"}};
    node.config.etcd.founders = {{"etcd-1", "10.0.0.11"}};
    return node;
}

} // namespace ingot::firstboot::proxy
