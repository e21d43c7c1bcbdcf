// Where backups go, as validated values.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/crypto/crypto.hpp"

namespace ingot::cloud_init {

/// A pgBackRest repository that all db nodes reach as a path (NFS, a shared disk, the lab's folder).
struct PosixRepository {
    std::string path;
};

struct BackupConfig {
    std::vector<PosixRepository> repositories{};
    std::optional<crypto::Secret> cipher_pass{}; ///< encrypts the repository (aes-256-cbc) when given
    int retention_full = 2;                      ///< how many full backups are kept
};

} // namespace ingot::cloud_init
