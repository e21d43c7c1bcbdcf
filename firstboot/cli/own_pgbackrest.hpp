// What this node's pgBackRest is told: the stanza, and the repositories with their passphrases.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/crypto/crypto.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot::cli {

struct OwnPgbackrest {
    std::string stanza;
    std::map<int, std::optional<crypto::Secret>> repositories{}; ///< number → passphrase, if it has one
};

/// not_found on a node that makes no backups.
Result<OwnPgbackrest> own_pgbackrest();
/// The parsing of it: the stanza is the last section.
OwnPgbackrest pgbackrest_from(std::string_view config);

} // namespace ingot::firstboot::cli
