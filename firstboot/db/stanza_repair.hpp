// A stanza that was cut off while it was made.
//
// `pgbackrest stanza-create` writes archive.info and then backup.info. When the power goes between the two,
// pgBackRest archives WAL from then on, and neither makes backups nor makes the stanza again ("archive.info exists
// but backup.info is missing"). The missing file does not depend on what is there: it names the same database and
// brings a key of its own for backups. So pgBackRest makes one in a scratch repository with the same passphrase, and
// it is put into its place. Nothing is removed, and nothing that is there is written to.
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/db/tools.hpp"

namespace ingot::firstboot::db {

/// True if that is what pgBackRest says of a stanza: "archive.info exists but backup.info is missing".
bool is_cut_off(std::string_view message);
/// The sections [db] and [db:history] of an info file of pgBackRest: which databases, of which version, it is about.
std::string databases_of(std::string_view info);

/// Gives each repository where the stanza was cut off its backup.info. refused, with the repository, where it holds
/// backups, or WAL of another database.
/// Under the lock that keeps others from doing the same: two of them would have different keys for backups.
Status complete_stanza(const Database& database, LeaseLock& lock);

} // namespace ingot::firstboot::db
