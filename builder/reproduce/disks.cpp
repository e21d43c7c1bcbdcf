// Where on a disk image a byte lies: which partition, or which of the tables.
#include "builder/reproduce/compare.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::builder::reproduce {

namespace {

constexpr std::uint64_t kSector = 512;
constexpr std::size_t kHeader = kSector; // of the GPT, behind the protective MBR
constexpr std::uint64_t kMostEntries = 1024;

std::uint64_t number_at(std::string_view bytes, std::size_t at, std::size_t size) {
    std::uint64_t number = 0;
    for (std::size_t index = 0; index < size && at + index < bytes.size(); ++index) {
        number |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at + index])) << (8U * index);
    }
    return number;
}

/// UTF-16; what is not ASCII has no place in our names.
std::string name_at(std::string_view bytes, std::size_t at, std::size_t units) {
    std::string name;
    for (std::size_t index = 0; index < units; ++index) {
        const auto unit = number_at(bytes, at + 2 * index, 2);
        if (unit == 0) { break; }
        name += unit < 128 ? static_cast<char>(unit) : '?';
    }
    return name;
}

} // namespace

std::vector<Region> regions_of(std::string_view head) {
    std::vector<Region> regions;
    if (head.size() < kHeader + kSector || head.substr(kHeader, 8) != "EFI PART") { return regions; }
    const auto entries = number_at(head, kHeader + 72, 8) * kSector;
    const auto count = std::min(number_at(head, kHeader + 80, 4), kMostEntries);
    const auto size = number_at(head, kHeader + 84, 4);
    regions.push_back({"the protective MBR", 0, kSector});
    regions.push_back({"the partition table's header", kSector, 2 * kSector});
    regions.push_back({"the partition table", entries, entries + count * size});
    for (std::uint64_t index = 0; index < count; ++index) {
        const std::size_t at = entries + index * size;
        if (at + size > head.size() || size < 128) { break; }
        const auto first = number_at(head, at + 32, 8);
        const auto last = number_at(head, at + 40, 8);
        if (first == 0 && last == 0) { continue; }
        regions.push_back({text::format("partition {} ({})", index + 1, name_at(head, at + 56, 36)), first * kSector,
                           (last + 1) * kSector});
    }
    return regions;
}

} // namespace ingot::builder::reproduce
