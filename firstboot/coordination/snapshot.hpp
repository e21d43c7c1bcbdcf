// Snapshots of etcd's data as files: taken by etcd nodes for themselves, and by db nodes for the backup repositories.
//
// etcd ends each with the SHA-256 of what comes before, so a file says itself whether it is whole.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/crypto/crypto.hpp"
#include "common/result/result.hpp"
#include "firstboot/coordination/cluster_client.hpp"

namespace ingot::firstboot {

/// Holds the last 32 bytes of a snapshot against the digest of what came before them.
class SnapshotDigest {
  public:
    void update(std::string_view piece);
    /// After the last piece; call once.
    [[nodiscard]] bool is_whole();

  private:
    crypto::Sha256 digest_;
    std::string tail_;
};

/// Reads a snapshot from the session's member into `file`, whole, verified and durable, or not at all.
Status save_snapshot(ClusterSession& member, const std::filesystem::path& file);

/// tool_failed if the file is no whole snapshot.
Status check_snapshot(const std::filesystem::path& file);

} // namespace ingot::firstboot
