// Where a package lies, told without the mirror: a repository by name and the path below it. "debian" is the Debian
// archive at whatever mirror a machine uses, so that what one machine writes down another can fetch.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "builder/packages/sources.hpp"

namespace ingot::builder::packages {

struct Location {
    std::string repository; ///< name of a source; empty: none of them, then `file` is a whole URI
    std::string file;       ///< below the repository's URI, not percent-encoded
    bool operator==(const Location&) const = default;
};

/// The source that `uri` lies below; the longest one, if several fit.
Location location_of(std::string_view uri, const std::vector<SourceEntry>& sources);

/// The other way round; empty if no source has that name.
std::string uri_of(const Location& location, const std::vector<SourceEntry>& sources);

} // namespace ingot::builder::packages
