// A NoCloud seed as a small CD, written as cloud tools write it: iso9660 with Rock Ridge and Joliet names, labelled
// cidata.
#pragma once

#include <filesystem>
#include <string>

#include "common/result/result.hpp"

namespace ingot::tests {

Status write_seed_iso(const std::filesystem::path& file, const std::string& meta_data, const std::string& user_data);

} // namespace ingot::tests
