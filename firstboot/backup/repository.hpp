// What `pgbackrest info --output=json` says, for each repository.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/clock.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot::backup {

enum class Kind { full, diff, incr };
std::string_view to_string(Kind kind);
std::optional<Kind> kind_from(std::string_view text);

/// One backup that is whole.
struct Record {
    std::string label{};
    Kind kind = Kind::full;
    clock::WallTime start{};
    clock::WallTime stop{};
    std::uint64_t database_bytes = 0;   ///< of the database it restores to
    std::uint64_t repository_bytes = 0; ///< of what it added to the repository
};

/// One repository, as far as this cluster's stanza is concerned.
struct RepositoryView {
    int number = 1;
    /// pgBackRest's code: 0 ok, 1 missing stanza path, 2 no valid backups, 3 missing stanza data, 99 another error.
    int status = 1;
    std::string message{};                 ///< pgBackRest's, in one line
    std::vector<std::string> system_ids{}; ///< of the stanza's databases, the current one last
    std::vector<Record> backups{};         ///< without errors, oldest first
    std::string newest_wal{};              ///< the last segment in the archive

    /// It could not be asked: whatever else stands here is not known.
    [[nodiscard]] bool unreachable() const { return status > 3; }
    /// A backup host that does not know this node (not yet, or no more).
    [[nodiscard]] bool turns_away() const;
    [[nodiscard]] const Record* newest() const { return backups.empty() ? nullptr : &backups.back(); }
    [[nodiscard]] const Record* newest_of(Kind kind) const;
};

/// Views of repositories 1 to `count`. A stanza that is not there is a view with status 1 and without system ids.
Result<std::vector<RepositoryView>> repositories_from_json(std::string_view text, std::string_view stanza, int count);

/// pgBackRest's message without its hints and line ends, and with what to do for the usual mistakes.
std::string explain_error(std::string_view message);

} // namespace ingot::firstboot::backup
