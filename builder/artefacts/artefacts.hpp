// Writes an image's files into a folder of their own, which appears under its final name only when it is whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "builder/artefacts/digests.hpp"
#include "builder/artefacts/manifest.hpp"
#include "builder/spec/spec.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

/// How a tree becomes files.
struct Packing {
    std::vector<spec::Format> formats{};
    std::string seed{}; ///< of every identifier in a disk image; the same for the same tree
    std::string command_line{};
    std::uint64_t free_bytes = 0;
    std::filesystem::path installer{}; ///< the static program for install.img; empty: netboot runs from RAM only
    std::string public_key{};          ///< PEM; what the installer writes has to be signed by it
};

/// The hash that names what an image is made from: the tree (by its layer's key) and how it is packed.
std::string inputs_of(std::string_view image_key, const Packing& packing);

/// The files of a format: {disk.raw}, {root.tar.zst}; netboot has several, and shares root.squashfs with squashfs.
std::vector<std::string> file_names(spec::Format format);

/// The manifest of <output>/<role>, if that holds just what `inputs` gives and every file is as it was written.
std::optional<Manifest> up_to_date(const std::filesystem::path& output, std::string_view role,
                                   std::string_view inputs, const KnownDigests& digests);

/// What lies beside the files of the formats. Each gets what is known by then; none is made if it is empty.
struct Companions {
    std::function<Result<std::string>(const Manifest&)> bill{};                ///< text of sbom.spdx.json
    std::function<Result<std::string>(std::string_view manifest)> signature{}; ///< content of manifest.json.sig
};

/// Whether a build may put the image of `role` at <output>/<role>: nothing is there, or an image with nothing else
/// beside its files. refused otherwise, since a build replaces that folder as a whole.
Status check_place(const std::filesystem::path& output, std::string_view role);

/// Packs the tree at `tree` in all formats, which share what they can, and replaces <output>/<role>. Fills in
/// `files` of the manifest.
Result<Manifest> write_artefacts(process::Processes& processes, const std::filesystem::path& tree,
                                 const std::filesystem::path& output, const Packing& packing, Manifest manifest,
                                 const Companions& companions = {});

} // namespace ingot::builder::artefacts
