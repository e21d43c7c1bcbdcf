// What a person may order an etcd node to do. Each asks nobody's permission but checks what it would cost.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "common/result/result.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::etcd {

using Say = std::function<void(const std::string& line)>;

/// Takes this machine out of the cluster for good, if those who stay keep their quorum. `anyway`: also if fewer
/// failures are tolerated afterwards.
Status leave(Environment& environment, bool anyway, const Say& say);

/// Reads a snapshot of the cluster from this node's member into `file`.
Status snapshot(Environment& environment, const std::filesystem::path& file, const Say& say);

struct RecoverOptions {
    std::filesystem::path snapshot{}; ///< empty: this node's own data
    /// Returns what the person typed when asked for the name of the cluster.
    std::function<std::string(const std::string& question)> ask{};
};
/// Makes a new cluster of this one machine out of a snapshot. What the old one had and the snapshot has not is given
/// up; its other members put their data aside and join. Only when the quorum is lost for good.
Status recover(Environment& environment, const RecoverOptions& options, const Say& say);

} // namespace ingot::firstboot::etcd
