// Signing keys as files: the private one in FILE, 0600, the public one in FILE.pub.
#pragma once

#include <filesystem>
#include <string>

#include "common/crypto/signature.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::trust {

inline constexpr const char* kSignatureFile = "manifest.json.sig";

/// Makes a key pair. refused if either file is there already: an overwritten key is lost for ever. Returns the
/// fingerprint.
Result<std::string> write_new_key(const std::filesystem::path& file);

/// A private key. refused if the file is not the caller's, or if anybody else may read it.
Result<crypto::Secret> read_private_key(const std::filesystem::path& file);

/// Signs the manifest of the image in `folder`. Returns the key's fingerprint.
Result<std::string> sign_image(const std::filesystem::path& folder, const crypto::Secret& key);

} // namespace ingot::builder::trust
