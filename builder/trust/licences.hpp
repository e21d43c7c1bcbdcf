// Licences, as far as Debian's copyright files say them for a machine.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::builder::trust {

struct Licence {
    std::string expression{};         ///< SPDX; empty: cannot be told
    std::vector<std::string> named{}; ///< as Debian's file calls them
};

/// Reads a machine-readable copyright file (DEP-5): all licences of its Files stanzas together, if SPDX has a name
/// for each. Anything else says nothing, which is better than a guess. Pure.
Licence licence_of(std::string_view copyright);

/// The copyright file of an installed package in the tree at `root`; empty if there is none. Links are followed
/// within /usr/share/doc only, never out of the tree.
std::string copyright_of(const std::filesystem::path& root, std::string_view package);

} // namespace ingot::builder::trust
