// Another cluster that this one is made of: restored from its backups, or following it as a standby.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/backup.hpp"
#include "common/crypto/crypto.hpp"

namespace ingot::cloud_init {

struct SourceCluster {
    std::string cluster;
    std::string cluster_id;
    BackupConfig backup{}; ///< its repositories, which are only ever read
};

/// How far a restore goes.
struct RestoreTarget {
    enum class Kind { newest, time, lsn, name, xid };
    Kind kind = Kind::newest;
    std::string value{};
    friend bool operator==(const RestoreTarget&, const RestoreTarget&) = default;
};
std::string_view to_string(RestoreTarget::Kind kind);
/// Nothing if `value` is not of that kind.
std::optional<RestoreTarget> restore_target_from(std::string_view kind, std::string value);

struct RestoreConfig {
    SourceCluster source{};
    RestoreTarget target{};
    std::optional<std::string> set{}; ///< label of the backup to begin with; default: pgBackRest's choice
};

/// Where the source's leader is reached: a proxy's address and its port for writes.
struct SourceEndpoint {
    std::string address;
    int port = 5000;
    friend bool operator==(const SourceEndpoint&, const SourceEndpoint&) = default;
};

struct StandbyConfig {
    SourceCluster source{};
    std::vector<SourceEndpoint> endpoints{}; ///< empty: changes come from the repository only
    std::string ca{};                        ///< PEM: the source's db CA
    std::string certificate{};               ///< PEM: who may replicate from the source
    crypto::Secret key{};
    std::optional<std::chrono::seconds> delay{};
};

} // namespace ingot::cloud_init
