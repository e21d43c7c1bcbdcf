// Snapshots of the cluster's data, kept on this node and where else the settings say. Those in the backup
// repositories are the db nodes' affair (firstboot/backup/etcd_snapshots.hpp).
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "firstboot/etcd/member.hpp"

namespace ingot::firstboot::etcd {

inline constexpr std::string_view kSnapshotFolder = "/var/lib/ingot/etcd-snapshots";

/// "2026-11-28T013000Z.db"
std::string snapshot_name(clock::WallTime time);
/// Exactly a name of that form: nothing else is ever removed.
bool is_snapshot_name(std::string_view name);
/// None of these names is of the last hour; pure.
bool is_snapshot_due(const std::vector<std::string>& names, clock::WallTime now);
/// Which of these names (sorted) are kept: the newest 24, and the first of each of the last seven days; pure.
std::set<std::string> names_to_keep(const std::vector<std::string>& names);

/// The duty: a snapshot each hour, and its copy; says when the last one was taken, here and in the repositories.
class Snapshots {
  public:
    Snapshots(SharedMember member, std::shared_ptr<std::string> words)
        : member_(std::move(member)), words_(std::move(words)) {}
    Status operator()();

  private:
    [[nodiscard]] std::string in_repositories() const;

    SharedMember member_;
    std::shared_ptr<std::string> words_;
};

} // namespace ingot::firstboot::etcd
