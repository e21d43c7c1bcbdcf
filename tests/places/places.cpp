#include "tests/places/places.hpp"

namespace ingot::tests {

std::filesystem::path source_dir() { return INGOT_SOURCE_DIR; }
std::filesystem::path binary_dir() { return INGOT_BINARY_DIR; }

} // namespace ingot::tests
