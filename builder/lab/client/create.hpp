// Makes the state folder of a new lab: topology, secrets, the files a client needs, the list of machines.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "builder/lab/model/state.hpp"
#include "builder/lab/model/table.hpp"
#include "cloud-init/cluster/cluster.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Where a lab's cluster comes from.
struct ClusterSource {
    /// A cluster.yaml of the user, with secrets.yaml beside it. Without one, a cluster of the lab's name is made up:
    /// three etcd, three db, one proxy, synchronous replication.
    std::optional<std::filesystem::path> cluster_file{};
};

/// Writes everything; nothing of that lab may be there. invalid_input if the cluster cannot be a lab.
Result<LabState> create_lab(const Paths& paths, const ClusterSource& source, const std::string& images);

/// How a person connects to the cluster of a lab that exists.
Result<ConnectInfo> connect_info(const Paths& paths);

} // namespace ingot::builder::lab
