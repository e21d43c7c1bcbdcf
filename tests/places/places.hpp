// Where the source tree and the build tree are. Functions, not macros: so only one file is compiled with this
// checkout's path, and the compiler's cache serves every other checkout on the machine.
#pragma once

#include <filesystem>

namespace ingot::tests {

/// The root of the source tree.
std::filesystem::path source_dir();
/// CMake's binary folder, build/<preset>.
std::filesystem::path binary_dir();

} // namespace ingot::tests
