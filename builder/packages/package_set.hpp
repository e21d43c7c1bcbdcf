// A resolved set of packages: what apt decided, down to the hash of each file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::builder::packages {

/// Of a SHA-256.
inline constexpr std::size_t kHashDigits = 64;

struct Package {
    std::string name;
    std::string version;
    std::string architecture; ///< "amd64" or "all"
    std::uint64_t size = 0;
    std::string sha256; ///< 64 hex digits, from the signed index
    std::string uri;

    /// As a file in an archives folder is called: epochs keep their colon as %3a.
    [[nodiscard]] std::string file_name() const;
    bool operator==(const Package&) const = default;
};

/// Sorted by name; each name once.
using PackageSet = std::vector<Package>;

/// Reads what `apt-get --print-uris` prints ('URI' name_version_arch.deb size SHA256:hash). Lines of local files
/// (file:/…, not part of any archive) with a name in `local` are left out. A line without SHA-256 is an error.
Result<PackageSet> parse_uris(std::string_view text, const std::vector<std::string>& local = {});

/// What is in `whole` and not in `part`. Fails if a package of `part` is missing in `whole` or differs there: a role
/// cannot change what base has.
Result<PackageSet> difference(const PackageSet& whole, const PackageSet& part);

/// Everything of both, sorted by name; where both have a name, that of `one`.
PackageSet merged(const PackageSet& one, const PackageSet& other);

/// apt preferences that make these versions win over newer ones, as long as the archive has them.
std::string render_hold(const PackageSet& set);

std::uint64_t total_size(const PackageSet& set);

/// apt's record of packages that nobody asked for by name, so that `apt autoremove` on a node knows them.
std::string render_extended_states(const PackageSet& set, const std::vector<std::string>& asked_for,
                                   std::string_view architecture);

} // namespace ingot::builder::packages
