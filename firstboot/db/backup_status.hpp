// What this node knows about backups, for status, doctor and metrics: WAL that waits here, the published report.
#pragma once

#include "firstboot/backup/report.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// Segments that wait to be archived, why they do, and how full their disk is.
Result<backup::WalView> observe_wal(const Database& database);

/// Writes /run/ingot/backup.json. Fails with every sentence that a person has to read.
Status watch_backups(const Database& database);

std::string restore_test_key(const Database& database);

} // namespace ingot::firstboot::db
