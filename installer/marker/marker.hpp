// A block in the gap between the partition table and the first partition (which begins at 1 MiB): who was installed
// here, from what. It is what keeps a machine that boots from the network first from being installed again and again,
// also where no server keeps count.
//
// The mark is written before anything else, the first sector of the disk after everything else. So: mark and first
// sector, installed; mark without, an installation that did not end.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/diskmap/diskmap.hpp"

namespace ingot::installer {

inline constexpr std::size_t kMarkerAt = 512U << 10U;
inline constexpr std::size_t kMarkerSize = 4096;

struct Marker {
    std::string machine{};
    std::string map_sha256{};
    std::string again{};
    std::string installed_at{}; ///< RFC 3339, as far as the machine's clock knew
    diskmap::Boot boot{};
    bool operator==(const Marker&) const = default;
};

/// kMarkerSize bytes; nothing if it does not fit.
std::optional<std::string> render_marker(const Marker& marker);

/// The mark in the first MiB of a disk; nothing if there is none, or one that is damaged.
std::optional<Marker> find_marker(std::string_view first_mebibyte);

} // namespace ingot::installer
