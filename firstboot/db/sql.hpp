// The SQL that gives a new cluster its users and databases.
//
// It may run any number of times (a leader can die half-way): it only adds, and sets what the user-data
// says. Passwords are in it as SCRAM verifiers only, and it keeps itself out of PostgreSQL's log.
#pragma once

#include <string>
#include <string_view>

#include "cloud-init/userdata/userdata.hpp"

namespace ingot::firstboot::db {

/// A script for psql, on database postgres, as superuser.
std::string render_provisioning(const cloud_init::PostgresConfig& config);

/// Forgets where the database was restored from: pgBackRest wrote it into postgresql.auto.conf, and a replica that
/// read WAL from there would get another cluster's.
std::string render_after_restore();

/// As an SQL identifier: "Jane""s".
std::string quote_identifier(std::string_view name);
/// As an SQL string constant, whatever standard_conforming_strings says.
std::string quote_literal(std::string_view text);

} // namespace ingot::firstboot::db
