// From what is trusted to what is written: a key → manifest.json → disk.map.json → every piece of disk.raw.zst. Or
// from the digest of the map, which a trusted script gives. There is no way without either.
#pragma once

#include <string>
#include <string_view>

#include "common/diskmap/diskmap.hpp"
#include "common/result/result.hpp"
#include "installer/fetch/client.hpp"

namespace ingot::installer {

struct Trust {
    std::string public_key{}; ///< PEM
    std::string map_sha256{};
};

/// The digest that the map has to have. `manifest` and `signature` are looked at if there is a key. refused if they
/// are not by it, or if key and digest contradict each other. Pure.
Result<std::string> trusted_map(const Trust& trust, std::string_view manifest, std::string_view signature);

struct Image {
    diskmap::DiskMap map;
    std::string map_sha256;
    Url disk; ///< where disk.raw.zst is
};

/// Fetches and checks all but the disk itself.
Result<Image> fetch_image(Client& client, std::string_view base, const Trust& trust);

} // namespace ingot::installer
