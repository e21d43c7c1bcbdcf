#include "builder/disk/gpt.hpp"

#include <array>

#include "builder/disk/bytes.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::disk {

namespace {

constexpr std::size_t kEntries = 128;
constexpr std::size_t kEntrySize = 128;
constexpr std::uint64_t kEntrySectors = kEntries * kEntrySize / kSector;
constexpr std::uint32_t kHeaderSize = 92;
constexpr std::size_t kNameLimit = 36;

std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) { return (value + unit - 1) / unit * unit; }

void put_guid(std::string& bytes, std::size_t offset, const Guid& guid) {
    const auto mixed = guid.on_disk();
    for (std::size_t index = 0; index < mixed.size(); ++index) {
        bytes.at(offset + index) = static_cast<char>(mixed.at(index));
    }
}

std::string render_entries(const DiskLayout& layout) {
    std::string entries(kEntries * kEntrySize, '\0');
    std::size_t at = 0;
    for (const auto& partition : layout.partitions) {
        put_guid(entries, at, partition.type);
        put_guid(entries, at + 16, partition.id);
        put_number(entries, at + 32, partition.offset / kSector, 8);
        put_number(entries, at + 40, (partition.offset + partition.size) / kSector - 1, 8);
        for (std::size_t index = 0; index < partition.name.size(); ++index) {
            entries.at(at + 56 + 2 * index) = partition.name[index]; // UTF-16LE of ASCII
        }
        at += kEntrySize;
    }
    return entries;
}

std::string render_header(const DiskLayout& layout, std::uint32_t entries_crc, bool backup) {
    const auto last = layout.size / kSector - 1;
    std::string header(kSector, '\0');
    put_bytes(header, 0, "EFI PART");
    put_number(header, 8, 0x00010000, 4);
    put_number(header, 12, kHeaderSize, 4);
    put_number(header, 24, backup ? last : 1, 8);
    put_number(header, 32, backup ? 1 : last, 8);
    put_number(header, 40, 2 + kEntrySectors, 8);        // first usable
    put_number(header, 48, last - 1 - kEntrySectors, 8); // last usable
    put_guid(header, 56, layout.id);
    put_number(header, 72, backup ? last - kEntrySectors : 2, 8);
    put_number(header, 80, kEntries, 4);
    put_number(header, 84, kEntrySize, 4);
    put_number(header, 88, entries_crc, 4);
    put_number(header, 16, crc32(std::string_view(header).substr(0, kHeaderSize)), 4);
    return header;
}

/// One entry of type 0xEE over the whole disk, so that tools which know only MBR keep off (§5.2.3).
std::string render_protective_mbr(std::uint64_t disk_size) {
    constexpr std::uint64_t kLimit = 0xFFFFFFFF;
    const auto sectors = disk_size / kSector - 1;
    std::string mbr(kSector, '\0');
    put_bytes(mbr, 446, std::string_view("\x00\x00\x02\x00\xEE\xFF\xFF\xFF", 8));
    put_number(mbr, 454, 1, 4);
    put_number(mbr, 458, sectors > kLimit ? kLimit : sectors, 4);
    put_bytes(mbr, 510, "\x55\xAA");
    return mbr;
}

} // namespace

std::uint32_t crc32(std::string_view bytes) {
    std::uint32_t crc = 0xFFFFFFFF;
    for (const char byte : bytes) {
        crc ^= static_cast<std::uint8_t>(byte);
        for (int bit = 0; bit < 8; ++bit) { crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? 0xEDB88320U : 0U); }
    }
    return ~crc;
}

Result<DiskLayout> plan_layout(std::string_view seed, const std::vector<PartitionRequest>& requests) {
    DiskLayout layout;
    layout.id = Guid::derive(seed, "disk");
    auto offset = kMebibyte;
    for (const auto& request : requests) {
        if (request.name.size() > kNameLimit) {
            return fail(ErrorKind::bug, text::format("the partition name {} is too long for GPT", request.name));
        }
        const auto size = round_up(request.size, kMebibyte);
        layout.partitions.push_back({.type = request.type,
                                     .id = Guid::derive(seed, "partition/" + request.name),
                                     .name = request.name,
                                     .offset = offset,
                                     .size = size});
        offset += size;
    }
    layout.size = offset + kMebibyte; // the backup table needs 33 sectors; whole MiB please every tool
    return layout;
}

GptBytes render_gpt(const DiskLayout& layout) {
    const auto entries = render_entries(layout);
    const auto crc = crc32(entries);
    return {.start = render_protective_mbr(layout.size) + render_header(layout, crc, false) + entries,
            .end = entries + render_header(layout, crc, true)};
}

} // namespace ingot::builder::disk
