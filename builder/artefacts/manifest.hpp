// manifest.json: what an image is, what is in it, and the hashes by which to know its files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/packages/package_set.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

struct ManifestFile {
    std::string name;
    std::uint64_t size = 0;
    std::string sha256;
    bool operator==(const ManifestFile&) const = default;
};

struct Manifest {
    std::string role;
    std::string suite;
    std::string architecture;
    std::string agent_version{}; ///< empty: without agent
    std::string git_revision{};  ///< of the specs; empty: unknown
    std::int64_t date = 0;       ///< seconds since the epoch; the same for the same packages
    std::string inputs{};        ///< hash over everything the image was made from
    std::vector<ManifestFile> files{};
    packages::PackageSet packages{};
};

/// The text of manifest.json.
std::string render_manifest(const Manifest& manifest);
/// invalid_input if it is not a manifest of a version that is known here.
Result<Manifest> parse_manifest(std::string_view text);

} // namespace ingot::builder::artefacts
