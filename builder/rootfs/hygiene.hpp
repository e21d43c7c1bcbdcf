// What must not be in an image: the identity and the traces of the machine it was built on, and state that each node
// has to make for itself.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

enum class Hygiene {
    keep,
    remove, ///< with all below it
    empty,  ///< the file stays, without content: its absence would mean something else
};

/// The verdict on one path of an image (absolute). Pure.
Hygiene hygiene_of(std::string_view path);

/// debconf's answers without the names of temporary files that ucf put among them, which no two builds share. Pure.
std::string without_temporary_names(std::string_view answers);

/// Goes through the tree and does as hygiene_of() says. Links to what was removed go too.
Status clean_tree(const std::filesystem::path& root);

} // namespace ingot::builder::rootfs
