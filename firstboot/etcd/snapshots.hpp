// Snapshots of the cluster's data, kept on this node and where else the user-data says.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "firstboot/etcd/member.hpp"

namespace ingot::firstboot::etcd {

inline constexpr std::string_view kSnapshotFolder = "/var/lib/ingot/etcd-snapshots";

/// Reads a snapshot from this node's member into `file`, whole, verified and durable, or not at all.
Status save_snapshot(const Member& member, const std::filesystem::path& file);

/// Which of these names ("2026-11-28T013000Z.db", sorted) are kept: the newest 24, and the first of each of the
/// last seven days; pure.
std::set<std::string> names_to_keep(const std::vector<std::string>& names);

/// A place beside this node to which snapshots are copied: a folder for now, another kind of repository later.
class SnapshotStore {
  public:
    virtual ~SnapshotStore() = default;
    /// Keeps a copy of the file under `name`.
    virtual Status keep(const std::filesystem::path& file, const std::string& name) = 0;
};

/// The duty.
class Snapshots {
  public:
    Snapshots(SharedMember member, std::shared_ptr<std::string> words)
        : member_(std::move(member)), words_(std::move(words)) {}
    Status operator()();

  private:
    SharedMember member_;
    std::shared_ptr<std::string> words_;
};

} // namespace ingot::firstboot::etcd
