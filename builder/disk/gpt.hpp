// GUID partition table (UEFI 2.10 §5): layout arithmetic and the bytes of both copies.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "builder/disk/guid.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::disk {

inline constexpr std::uint64_t kSector = 512;
inline constexpr std::uint64_t kMebibyte = 1ULL << 20U;

struct Partition {
    Guid type;
    Guid id;
    std::string name;         ///< ASCII, at most 36 characters
    std::uint64_t offset = 0; ///< bytes, a multiple of 1 MiB
    std::uint64_t size = 0;   ///< bytes, a multiple of the sector size
};

struct DiskLayout {
    Guid id;
    std::uint64_t size = 0; ///< of the whole disk, bytes
    std::vector<Partition> partitions;
};

/// One partition that is wanted, in order.
struct PartitionRequest {
    Guid type;
    std::string name;
    std::uint64_t size = 0; ///< bytes; rounded up to 1 MiB
};

/// Places the partitions one after another from 1 MiB on, each aligned to 1 MiB, with room for the backup
/// table at the end; ids are derived from `seed`. bug if a name is too long.
Result<DiskLayout> plan_layout(std::string_view seed, const std::vector<PartitionRequest>& requests);

/// What goes to the start and to the end of the disk.
struct GptBytes {
    std::string start; ///< protective MBR, primary header, entries: 34 sectors
    std::string end;   ///< entries, backup header: the last 33 sectors
};

/// Renders both copies. The first 440 bytes of `start` (boot code) are zero.
GptBytes render_gpt(const DiskLayout& layout);

/// CRC-32 as GPT uses it (IEEE 802.3, reflected).
std::uint32_t crc32(std::string_view bytes);

} // namespace ingot::builder::disk
