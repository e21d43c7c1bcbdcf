// The programs of PostgreSQL and pgBackRest, run as their user.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "common/process/process.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot::db {

/// What the steps and duties of one node share.
struct Database {
    NodeSpec node;
    Environment& environment;

    /// A client for etcd with this node's certificate.
    [[nodiscard]] EtcdSession etcd() const;
};

/// Who owns a file; in tests, whoever runs them.
files::Ownership owned_by(const Database& database, mode_t mode, const char* user, const char* group);

/// Of the state that systemd gives for a unit: it has processes, or is about to.
bool is_running(std::string_view unit_state);

/// A command that runs as user postgres.
process::Command as_postgres(std::vector<std::string> argv, std::chrono::milliseconds timeout);
/// Runs an SQL script on database postgres through the local socket; the rows that it selects, without titles.
Result<std::string> run_sql(const Database& database, std::string script);
/// Runs pgBackRest for this cluster's stanza; its messages on failure.
Result<process::Output> pgbackrest(const Database& database, std::vector<std::string> arguments,
                                   std::chrono::milliseconds timeout);

} // namespace ingot::firstboot::db
