// An image as a provider gets it: its folder, what its manifest says, and who signed that.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "builder/artefacts/manifest.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish {

struct Image {
    std::string name; ///< of the folder: "db"
    std::filesystem::path folder;
    artefacts::Manifest manifest{};
    std::string digest{};                ///< SHA-256 of manifest.json, hexadecimal: it names the image
    bool has_signature = false;          ///< manifest.json.sig is there
    std::optional<std::string> signer{}; ///< fingerprint of the key that signed it, if a key was given
};

/// Reads the manifest in `folder`, or in the folder of a file of an image. With `public_key`, a manifest that this
/// key did not sign is refused.
Result<Image> open_image(const std::filesystem::path& folder, const std::optional<std::filesystem::path>& public_key);

/// The entry of a file in the manifest; not_found, saying how to build it, if there is none.
Result<artefacts::ManifestFile> file_of(const Image& image, std::string_view name);

} // namespace ingot::builder::publish
