// Snapshots of etcd in the backup repositories: the leader of the databases takes one, holds its digest against it,
// puts it into each repository, encrypted as the repository is, and reads it back; then it counts.
//
// pgBackRest encrypts what it puts (repo-put), and reads back only what is its own: it takes the passphrase for other
// files in the command line, where others see it. So a file is read as it lies there and decrypted by openssl, which
// knows the format; a person without Ingot can do the same (docs/backups.md).
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "common/crypto/crypto.hpp"
#include "common/process/process.hpp"
#include "firstboot/backup/etcd_snapshots.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// A repository, as this node's pgBackRest knows it.
struct SnapshotRepository {
    std::string stanza;
    int number = 1;
    std::optional<crypto::Secret> cipher_pass{};
};

/// What lies there, the newest first.
Result<std::vector<backup::StoredSnapshot>> list_etcd_snapshots(process::Processes& processes,
                                                                const SnapshotRepository& repository);
/// Gets one out into `file`, through `scratch`, a folder that only root may enter; tool_failed if it is not whole.
Status fetch_etcd_snapshot(process::Processes& processes, const SnapshotRepository& repository,
                           std::string_view place, const std::filesystem::path& scratch,
                           const std::filesystem::path& file);

/// The duty; only the leader acts, and each node knows.
class EtcdSnapshots {
  public:
    Status operator()(const Database& database);
    /// "in repository 1: 2026-11-28T13:00:04Z, 2: none yet"
    [[nodiscard]] const std::string& words() const { return words_; }

  private:
    std::string words_{};
};

/// What stands in etcd; an empty report if there is none.
Result<backup::SnapshotReport> published_etcd_snapshots(const Database& database, EtcdSession& etcd);

} // namespace ingot::firstboot::db
