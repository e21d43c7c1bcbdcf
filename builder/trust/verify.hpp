// ingot verify: is this image, byte for byte, the one that was built (and, with a key, by whom)?
//
// The manifest names every file with its size and hash; the signature is over the manifest. So one signature covers
// everything, and whatever else lies in the folder is not covered by anything and is named too.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "builder/artefacts/manifest.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::trust {

struct Verification {
    artefacts::Manifest manifest;
    std::vector<std::string> faults{}; ///< empty: the image is as it was built
    bool has_signature = false;
    std::optional<std::string> signed_by{}; ///< fingerprint of the key, if one was given and the signature is its
};

/// Looks at everything in the folder of an image. An error only if there is no image to look at, or no key.
Result<Verification> verify_image(const std::filesystem::path& folder,
                                  const std::optional<std::filesystem::path>& public_key);

} // namespace ingot::builder::trust
