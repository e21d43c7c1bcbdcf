// The map of a compressed disk image: which frame of disk.raw.zst holds which piece of the disk, by what hash it is
// known before anything takes it apart, and which pieces are zeros.
//
// The signature is over manifest.json, which has the map's hash, and the map has that of every frame. So each piece
// can be fetched by itself, from anywhere, in any order, and is known to be right before it is decompressed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::diskmap {

inline constexpr const char* kFileName = "disk.map.json";
inline constexpr const char* kImageName = "disk.raw.zst";
/// Of a disk; the image boots from no other.
inline constexpr std::uint32_t kSector = 512;
/// Bytes of the disk per frame. A reader holds a few of them in memory.
inline constexpr std::uint64_t kPiece = 4ULL << 20U;

/// One frame: kPiece bytes of the disk, the last one perhaps fewer.
struct Piece {
    std::uint64_t at = 0; ///< of the frame, in disk.raw.zst
    std::uint64_t length = 0;
    bool zero = false;            ///< nothing but zeros; the frame is there all the same
    std::string frame_sha256{};   ///< 64 hex digits
    std::string content_sha256{}; ///< for reading back what is on the disk
    bool operator==(const Piece&) const = default;
};

/// What starts the system on the disk, for a kernel that has been started by something else.
struct Boot {
    std::uint64_t root_at = 0; ///< the root filesystem's place on the disk
    std::uint64_t root_size = 0;
    std::string kernel{}; ///< "boot/vmlinuz-…" on it
    std::string initrd{};
    std::string command_line{};
    bool operator==(const Boot&) const = default;
};

struct DiskMap {
    std::uint64_t size = 0; ///< of the disk
    Boot boot{};
    std::vector<Piece> pieces{};
    bool operator==(const DiskMap&) const = default;
};

/// Where a piece is on the disk.
[[nodiscard]] std::uint64_t offset_of(std::size_t piece);
[[nodiscard]] std::uint64_t length_of(const DiskMap& map, std::size_t piece);
/// Bytes that are not zeros, and their size as compressed.
[[nodiscard]] std::uint64_t data_bytes(const DiskMap& map);
[[nodiscard]] std::uint64_t data_compressed(const DiskMap& map);

std::string render(const DiskMap& map);
/// invalid_input if it is no map of a known version, or contradicts itself: pieces that leave a gap or do not add up.
Result<DiskMap> parse(std::string_view text);

} // namespace ingot::diskmap
