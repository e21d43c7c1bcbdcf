// An image as it lies on disk: the edge of this module.
#pragma once

#include <filesystem>
#include <optional>

#include "builder/artefacts/manifest.hpp"
#include "builder/inspect/listing.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::inspect {

struct Image {
    std::filesystem::path folder;
    std::filesystem::path root_file; ///< what the listing was read from
    std::optional<artefacts::Manifest> manifest{};
    Listing listing{};
};

/// Reads the image in the folder `path`, or the one that the file `path` belongs to. Of root.squashfs and a tar, the
/// squashfs is taken unless a tar was named. not_found if the folder has neither.
Result<Image> read_image(const std::filesystem::path& path, bool digests = false);

} // namespace ingot::builder::inspect
