// Squashfs 4.0, read without mounting it: pure, over the bytes of the file. It knows what no listing of another tool
// says: how many bytes each file takes in the image.
#pragma once

#include <string_view>

#include "builder/inspect/listing.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::inspect {

/// invalid_input if it is not a squashfs, is damaged, or is compressed with something else than zstd or xz.
Result<Listing> read_squashfs(std::string_view bytes, const Reading& reading);

} // namespace ingot::builder::inspect
