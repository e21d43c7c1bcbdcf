// manifest.json: what an image is, what is in it, and the hashes by which to know its files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/packages/package_set.hpp"
#include "builder/packages/sources.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

struct ManifestFile {
    std::string name;
    std::uint64_t size = 0;
    std::string sha256;
    bool operator==(const ManifestFile&) const = default;
};

/// Which packages a layer brought, so that the image can be built again from its manifest.
struct ManifestLayer {
    std::string name;
    std::vector<std::string> packages{};
    std::vector<std::string> essential{};
    bool operator==(const ManifestLayer&) const = default;
};

struct Manifest {
    std::string role;
    std::string suite;
    std::string architecture;
    std::string agent_version{}; ///< empty: without agent
    std::string agent_sha256{};  ///< of its .deb
    std::string git_revision{};  ///< of the specs; empty: unknown
    std::string public_key{};    ///< PEM; whose signature its installer asks for; empty: nobody's
    std::int64_t date = 0;       ///< seconds since the epoch; the same for the same packages
    std::string inputs{};        ///< hash over everything the image was made from
    std::vector<ManifestFile> files{};
    packages::PackageSet packages{};
    bool date_was_given = false;                  ///< by SOURCE_DATE_EPOCH, not by the youngest package
    std::vector<packages::SourceEntry> sources{}; ///< of the node's apt
    std::vector<ManifestLayer> layers{};          ///< bottom first
};

/// The text of manifest.json.
std::string render_manifest(const Manifest& manifest);
/// invalid_input if it is not a manifest of a version that is known here.
Result<Manifest> parse_manifest(std::string_view text);

} // namespace ingot::builder::artefacts
