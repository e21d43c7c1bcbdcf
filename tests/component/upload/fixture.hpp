// An image of 14 MiB with data, holes and an odd end, made by the builder's own writer; and how to look at results.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <unistd.h>

#include "builder/artefacts/compressed.hpp"
#include "builder/artefacts/manifest.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"

namespace ingot::tests {

inline constexpr std::uint64_t kMebi = 1ULL << 20U;
inline constexpr std::uint64_t kImageSize = 14 * kMebi;
inline constexpr std::uint64_t kDiskSize = 16 * kMebi;

struct ImageFixture {
    std::filesystem::path folder; ///< as `ingot build` leaves it
    std::string raw_digest;       ///< of the disk
};

/// `name` differs from image to image, and so do their bytes.
inline ImageFixture make_image(const std::filesystem::path& where, const std::string& name) {
    namespace fs = std::filesystem;
    const auto folder = where / name;
    fs::create_directories(folder);
    const auto raw = where / (name + ".raw");
    {
        std::ofstream out(raw, std::ios::binary);
        out << std::string(512, 'M') << name;
        for (const auto place : {3 * kMebi, 9 * kMebi, 13 * kMebi}) { // frames 0, 2, and the short last one
            out.seekp(static_cast<std::streamoff>(place));
            out << crypto::random_bytes(700000);
        }
    }
    fs::resize_file(raw, kImageSize);
    if (!builder::artefacts::write_raw_zst(raw, folder / "disk.raw.zst")) { std::abort(); }
    builder::artefacts::Manifest manifest{
        .role = name, .suite = "trixie", .architecture = "amd64", .agent_version = "0.1.0", .date = 1764288000};
    manifest.files.push_back({.name = "disk.raw.zst",
                              .size = fs::file_size(folder / "disk.raw.zst"),
                              .sha256 = *crypto::sha256_file(folder / "disk.raw.zst")});
    if (!files::write(folder / "manifest.json", builder::artefacts::render_manifest(manifest))) { std::abort(); }
    ImageFixture image{.folder = folder, .raw_digest = *crypto::sha256_file(raw)};
    fs::remove(raw);
    return image;
}

} // namespace ingot::tests
