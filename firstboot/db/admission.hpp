// Before a machine copies the database from a backup host: does the host let it in?
//
// A backup host lets in the db nodes that etcd names, and looks there every two seconds (backup/clients.hpp). A new
// machine that asks sooner is turned away, and Patroni then copies from another member, which costs that one its disk
// and its network. So a new machine waits until it is known, for a while: a host that turns it away for longer, or
// that does not answer, keeps nobody from joining.
#pragma once

#include <optional>

#include "common/clock/clock.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

class Admission {
  public:
    /// Once per look. transient, naming the host, while one turns this node away; for 15 s at most.
    Status await(const Database& database);

  private:
    std::optional<clock::Monotonic> since_{};
    bool admitted_ = false;
};

} // namespace ingot::firstboot::db
