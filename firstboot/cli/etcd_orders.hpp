// `ingot-agent etcd …`: orders that a person gives an etcd node; about snapshots in the repositories, a db node.
#pragma once

#include <string>

#include "common/result/result.hpp"

namespace ingot::firstboot::cli {

/// `ingot-agent etcd leave`: this machine out of the cluster, for good.
Result<int> etcd_leave(bool anyway);
/// `ingot-agent etcd snapshot FILE`.
Result<int> etcd_snapshot(const std::string& file);
/// `ingot-agent etcd recover --from-snapshot FILE | --from-own-data`: when the quorum is lost for good.
Result<int> etcd_recover(const std::string& snapshot, bool own_data);
/// `ingot-agent etcd snapshots`, on a db node: those in the backup repositories.
Result<int> etcd_list_snapshots();
/// `ingot-agent etcd fetch-snapshot FILE`, on a db node: gets one out. Without a name the newest; 0: any repository.
Result<int> etcd_fetch_snapshot(const std::string& file, const std::string& name, int repository);

} // namespace ingot::firstboot::cli
