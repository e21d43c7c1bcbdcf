// What dpkg's database, lying in the image, says about it: packages, why each is there, and whose a file is. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/listing.hpp"

namespace ingot::builder::inspect {

struct InstalledPackage {
    std::string name;
    std::string version;
    std::string section{};
    std::string architecture{};
    bool essential = false;
    std::vector<std::vector<std::string>> depends{}; ///< of each dependency, the alternatives
    std::vector<std::string> provides{};
};

/// The installed packages of /var/lib/dpkg/status, by name.
using Packages = std::map<std::string, InstalledPackage, std::less<>>;
Packages parse_status(std::string_view status);

/// Why each package is there: the shortest way from one that was asked for by name (apt's extended_states says which
/// were not), "patroni → python3-etcd"; "essential" for what an essential package needs; empty for the asked-for and
/// the essential themselves.
std::map<std::string, std::string, std::less<>> reasons(const Packages& packages, std::string_view extended_states);

/// The paths that are read to tell whose files are.
bool is_dpkg_file(std::string_view path);

/// The name of the package, or of the group in parentheses, for each entry of the listing that is no directory.
/// Needs the contents of is_dpkg_file() paths, and of kOverlayList.
std::vector<std::string> owners(const Listing& listing);

/// Where the builder writes down which files it laid over the packages: "<overlay> <path>" lines.
inline constexpr std::string_view kOverlayList = "/usr/lib/ingot/overlays";

} // namespace ingot::builder::inspect
