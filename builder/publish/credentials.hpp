// Credentials from the environment or from a file that nobody else may read; never from the command line, which every
// process of the machine can see.
#pragma once

#include <filesystem>
#include <string>

#include "common/crypto/crypto.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish {

/// The content of a file without white space around it. refused if it is another's, or if others may read it.
Result<crypto::Secret> read_secret(const std::filesystem::path& file, std::string_view what);

/// From `file` if one is named, else from the environment variable, which is removed from this process.
/// invalid_input, naming both ways, if there is neither.
Result<crypto::Secret> secret_from(const std::string& file, const char* variable, std::string_view what);

} // namespace ingot::builder::publish
