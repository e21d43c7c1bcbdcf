// What a database node does for as long as it runs. Only the leader acts; the others look and go away.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "common/clock/clock.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// Gives a new cluster the users and databases of the user-data, exactly once in its life: a mark in etcd,
/// bound to the system identifier, says that it was done.
class Provisioning {
  public:
    Status operator()(const Database& database);

  private:
    bool done_ = false;
};

/// Removes an /initialize key that a bootstrap which lost its power left behind.
class BootstrapJanitor {
  public:
    Status operator()(const Database& database);

  private:
    std::int64_t revision_ = 0;
    clock::Monotonic since_{};
};

/// The CAs whose certificates PostgreSQL accepts (of databases and proxies), and those that the source of a standby
/// cluster may be of, as they stand in /etc/ingot/pki now. Returns true if the first ones have changed.
Result<bool> write_trusted_cas(const Database& database);

/// Makes Patroni and PostgreSQL read the node's certificate again when it was renewed, and once at the beginning:
/// it may have been renewed while the agent was away. With new CAs comes a new certificate, so they are followed too.
class CertificateWatch {
  public:
    /// Before Patroni is started for the first time in a database's life: both will read what stands there now.
    Status begin(const Database& database);
    Status operator()(const Database& database);

  private:
    std::string loaded_{};
};

/// This member serves, as Patroni says.
Status check_patroni(const Database& database);

/// The same, and Patroni's unit runs; else it is started.
Status check_service(const Database& database);

} // namespace ingot::firstboot::db
