// `ingot-agent etcd …`: orders that a person gives an etcd node.
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

} // namespace ingot::firstboot::cli
