// What differs between two images. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/inspect/report.hpp"
#include "common/json/json.hpp"

namespace ingot::builder::inspect {

enum class Change { added, removed, up, down, changed };
std::string_view to_string(Change change);

struct PackageChange {
    std::string name;
    Change change = Change::changed;
    std::string before{}; ///< version; empty: not there
    std::string after{};
};

struct FileChange {
    std::string path;
    Change change = Change::changed; ///< added, removed or changed
    std::string owner;               ///< package or group; of the second image, if it is there
    std::string what{};              ///< of a changed one: "content", "mode 0755 → 4755", …
    std::int64_t grown = 0;          ///< bytes installed
};

/// The files of one package.
struct FileGroup {
    std::string owner;
    std::uint64_t added = 0;
    std::uint64_t removed = 0;
    std::uint64_t changed = 0;
    std::int64_t grown = 0;
};

/// A line about something else: "unit enabled", "ssh.service (multi-user.target)".
struct OtherChange {
    Change change = Change::changed;
    std::string kind;
    std::string what;
};

struct Difference {
    Report before;
    Report after;
    std::vector<PackageChange> packages{};
    std::vector<FileChange> files{};   ///< sorted by path
    std::vector<FileGroup> groups{};   ///< the one with the most bytes first
    std::vector<OtherChange> others{}; ///< units, users, privileges, kernel
    [[nodiscard]] bool empty() const { return packages.empty() && files.empty() && others.empty(); }
};

/// Dates of files do not count, everything else does. The listings need digests.
Difference compare(const Image& before, const Image& after, std::string_view before_name,
                   std::string_view after_name);

/// `all_files`: names each.
std::string render_text(const Difference& difference, bool all_files);
json::Json to_json(const Difference& difference);

} // namespace ingot::builder::inspect
