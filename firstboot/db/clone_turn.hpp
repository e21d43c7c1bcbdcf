// Copies of the database take turns: ten machines that boot at once do not all read from the same disk.
//
// kCopiesAtOnce keys in etcd, each under the lease of the machine that copies. A machine with an empty data directory
// waits for one before it starts Patroni, keeps it alive while it copies, and gives it back when it streams. If it
// dies, the lease ends a minute later. A machine that has its data, and the first one of a new cluster, wait for
// nothing. A backup host that does not know the machine yet is waited for before its turn begins (admission.hpp).
#pragma once

#include <optional>

#include "firstboot/db/admission.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

inline constexpr int kCopiesAtOnce = 3;

class CloneTurn {
  public:
    /// Once per look. transient, saying who copies, until it is this machine's turn.
    Status await(const Database& database);
    /// While it copies, every few seconds. A turn that was lost is not waited for again: the copy is under way.
    void keep();
    void give_back();

  private:
    Admission admission_{};
    std::optional<EtcdSession> etcd_{};
    std::optional<LeaseLock> lock_{};
};

} // namespace ingot::firstboot::db
