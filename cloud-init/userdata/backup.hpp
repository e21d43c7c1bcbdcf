// Where backups go and when they are made, as validated values.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/crypto/crypto.hpp"

namespace ingot::cloud_init {

/// A folder that all db nodes reach under the same path (NFS, a shared disk, the lab's folder).
struct PosixStore {};

/// A bucket of an S3-compatible service.
struct S3Store {
    std::string endpoint; ///< host name, without https://
    int port = 443;
    std::string bucket{};
    std::string region{};
    bool path_style = false; ///< bucket in the path, not in the host name
    bool verify = true;      ///< the service's certificate
    std::string ca{};        ///< PEM; empty: the CAs of the system
    std::string key{};       ///< access key id
    crypto::Secret secret{}; ///< never in cluster.yaml
};

/// A folder behind an ssh server.
struct SftpStore {
    std::string host;
    int port = 22;
    std::string user{};
    std::string host_key{};       ///< fingerprint: "SHA256:…", as ssh-keygen -lf prints it
    crypto::Secret private_key{}; ///< PEM; never in cluster.yaml
};

/// A machine of role backup, which has a fixed address as the etcd founders have.
struct HostStore {
    std::string address;
};

/// A pgBackRest repository. Its number (repo1 …) is its place in the list, in which backup hosts come first.
struct Repository {
    std::string name{}; ///< of its secrets in secrets.yaml; the type unless given
    std::string path{};
    std::variant<PosixStore, S3Store, SftpStore, HostStore> store{};
};
/// "posix", "s3", "sftp", "host".
std::string_view type_of(const Repository& repository);

/// Points in time that repeat for ever, in UTC: `offset` after 1970-01-01 00:00, then every `period`. Neither leap
/// days nor summer time are of any concern.
struct Slot {
    std::chrono::minutes period{};
    std::chrono::minutes offset{};
    friend bool operator==(const Slot&, const Slot&) = default;
};
/// "daily", "daily 02:30", "weekly", "Sun", "Sun 02:30", "every 6h", "every 30m". Nothing for other texts; `off` is
/// not a slot either. Without a time of day it is 02:00; weekly is Sunday.
std::optional<Slot> slot_from(std::string_view text);
/// As slot_from() reads it.
std::string to_string(const Slot& slot);

/// When each kind of backup is made; nothing: never.
struct BackupSchedule {
    std::optional<Slot> full{};
    std::optional<Slot> diff{};
    std::optional<Slot> incr{};
    friend bool operator==(const BackupSchedule&, const BackupSchedule&) = default;
};
/// Full on Sunday, differential every day, both at 02:00.
BackupSchedule default_schedule();

/// How much is kept in each repository.
struct Retention {
    int full = 2;                 ///< full backups
    std::optional<int> days{};    ///< instead of `full`: those that are needed to go back so far
    std::optional<int> diff{};    ///< differential backups; default: as long as their full one
    std::optional<int> archive{}; ///< full backups whose WAL is kept without a gap; default: of all
};

struct BackupConfig {
    std::vector<Repository> repositories{};
    std::optional<crypto::Secret> cipher_pass{}; ///< encrypts each repository (aes-256-cbc) when given
    Retention retention{};
    BackupSchedule schedule = default_schedule();
    std::optional<Slot> restore_test = slot_from("weekly");
};

} // namespace ingot::cloud_init
