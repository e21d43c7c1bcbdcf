// Folders of files that go into an image as they are (overlays/).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

/// A hash over names, modes, link targets and contents below `folder`; not over times or owners.
Result<std::string> tree_digest(const std::filesystem::path& folder);

/// The files and links that copy_tree() copies, as absolute paths of the image, sorted.
Result<std::vector<std::string>> files_of_tree(const std::filesystem::path& folder);

/// Copies what is below `folder` into `root`: owner root, modes as mode_in_image() says, links as links. A file
/// replaces what is there; a folder keeps the mode of one that is there already. `.gitkeep` stays behind.
Status copy_tree(const std::filesystem::path& folder, const std::filesystem::path& root);

/// The mode a file or folder gets: 0755 if its owner may execute it, else 0644. That is all that git keeps; the rest
/// is the umask of whoever checked it out, and has no place in an image.
mode_t mode_in_image(mode_t mode);

} // namespace ingot::builder::rootfs
