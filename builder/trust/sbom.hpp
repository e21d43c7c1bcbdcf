// The bill of materials: SPDX 2.3 JSON, from the manifest and the tree itself.
//
// The same image gives the same text, on any machine: the date is the image's, the namespace is derived from the
// content, and packages of the Debian archive are named by purl, not by the mirror they came from.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "builder/artefacts/manifest.hpp"
#include "builder/trust/licences.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::trust {

inline constexpr const char* kSbomFile = "sbom.spdx.json";

/// What the tree says about one installed package.
struct Installed {
    std::string version{};
    std::string architecture{};
    std::string maintainer{}; ///< "Name <address>"
    std::string source{};     ///< name of the source package
    std::string source_version{};
    std::string homepage{};
    Licence licence{};
};

/// By name. Reads dpkg's status and the copyright files of the tree at `root`.
Result<std::map<std::string, Installed>> read_installed(const std::filesystem::path& root);

/// dpkg's status file, without licences. Pure.
std::map<std::string, Installed> parse_status(std::string_view text);

/// The text of sbom.spdx.json. `own` is the name of our own package, which is in no archive. Pure.
std::string render_sbom(const artefacts::Manifest& manifest, const std::map<std::string, Installed>& installed,
                        std::string_view own);

} // namespace ingot::builder::trust
