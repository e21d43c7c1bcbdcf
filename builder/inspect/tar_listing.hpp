// The listing of a tree that was packed as tar.
#pragma once

#include <filesystem>

#include "builder/inspect/listing.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::inspect {

/// What a file takes in a compressed tar is only known in steps of some blocks; it is shared out by size within each.
Result<Listing> read_tar_listing(const std::filesystem::path& file, const Reading& reading);

} // namespace ingot::builder::inspect
