#include "builder/disk/fat.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>

#include "builder/disk/bytes.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::disk {

namespace {

constexpr std::uint32_t kFatSector = 512;
constexpr std::uint32_t kReservedSectors = 32;
constexpr std::uint32_t kCopies = 2;
constexpr std::uint32_t kMinimumClusters = 65525; // fewer would be FAT16 to every reader
constexpr std::uint32_t kEndOfChain = 0x0FFFFFFF;
constexpr std::size_t kFolderEntry = 32;
constexpr std::uint8_t kAttributeDirectory = 0x10;
constexpr std::uint8_t kAttributeArchive = 0x20;
constexpr std::uint8_t kAttributeVolume = 0x08;

/// A file or folder; folders hold their children by name, so they are written sorted.
struct Node {
    std::map<std::string, Node> children;
    std::optional<std::string> content; ///< absent: a folder
    std::uint32_t cluster = 0;
};

struct DosTime {
    std::uint16_t date = 0;
    std::uint16_t time = 0;
};

DosTime dos_time(std::int64_t timestamp) {
    using namespace std::chrono;
    const sys_seconds earliest = sys_days(year(1980) / January / 1);
    const auto moment = std::max(sys_seconds(seconds(timestamp)), earliest);
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss clock(moment - day);
    const auto years = static_cast<unsigned>(static_cast<int>(date.year()) - 1980);
    return {.date = static_cast<std::uint16_t>((years << 9U) | (static_cast<unsigned>(date.month()) << 5U) |
                                               static_cast<unsigned>(date.day())),
            .time = static_cast<std::uint16_t>((static_cast<unsigned>(clock.hours().count()) << 11U) |
                                               (static_cast<unsigned>(clock.minutes().count()) << 5U) |
                                               (static_cast<unsigned>(clock.seconds().count()) / 2U))};
}

bool is_short_name_character(char character) {
    return (character >= 'A' && character <= 'Z') || (character >= '0' && character <= '9') || character == '_' ||
           character == '-';
}

/// "BOOTX64.EFI" as the 11 bytes of a directory entry; nothing if the name is not upper case 8.3.
std::optional<std::string> short_name(std::string_view name) {
    const auto dot = name.find('.');
    const auto stem = name.substr(0, dot);
    const auto extension = dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
    if (stem.empty() || stem.size() > 8 || extension.size() > 3) { return std::nullopt; }
    if (!std::ranges::all_of(stem, is_short_name_character) ||
        !std::ranges::all_of(extension, is_short_name_character)) {
        return std::nullopt;
    }
    std::string padded(11, ' ');
    put_bytes(padded, 0, stem);
    put_bytes(padded, 8, extension);
    return padded;
}

std::string directory_entry(std::string_view padded_name, std::uint8_t attributes, std::uint32_t cluster,
                            std::size_t size, DosTime when) {
    std::string entry(kFolderEntry, '\0');
    put_bytes(entry, 0, padded_name);
    put_number(entry, 11, attributes, 1);
    put_number(entry, 14, when.time, 2); // created
    put_number(entry, 16, when.date, 2);
    put_number(entry, 18, when.date, 2); // accessed
    put_number(entry, 20, cluster >> 16U, 2);
    put_number(entry, 22, when.time, 2); // written
    put_number(entry, 24, when.date, 2);
    put_number(entry, 26, cluster & 0xFFFFU, 2);
    put_number(entry, 28, size, 4);
    return entry;
}

/// The filesystem under construction: allocates clusters in order and collects extents.
class Fat32 {
  public:
    Fat32(const FatOptions& options, std::uint32_t fat_sectors, std::uint32_t clusters)
        : options_(options), when_(dos_time(options.timestamp)), fat_sectors_(fat_sectors), clusters_(clusters) {
        table_ = {0x0FFFFFF8, kEndOfChain};
    }

    Status build(Node& root) {
        INGOT_TRY(place(root, "", nullptr), "");
        return {};
    }

    std::vector<Extent> finish() {
        std::string table(table_.size() * 4, '\0');
        for (std::size_t index = 0; index < table_.size(); ++index) {
            put_number(table, index * 4, table_[index], 4);
        }
        for (std::uint32_t copy = 0; copy < kCopies; ++copy) {
            extents_.push_back({std::uint64_t{kReservedSectors + copy * fat_sectors_} * kFatSector, table});
        }
        const auto boot = boot_sector();
        const auto information = information_sector();
        extents_.push_back({0, boot + information});
        extents_.push_back({6ULL * kFatSector, boot + information}); // backup copy
        std::ranges::sort(extents_, {}, &Extent::offset);
        return std::move(extents_);
    }

  private:
    /// Reserves a chain for `size` bytes; empty files have none.
    Result<std::uint32_t> allocate(std::size_t size) {
        const auto count = static_cast<std::uint32_t>((size + kFatSector - 1) / kFatSector);
        if (count == 0) { return std::uint32_t{0}; }
        const auto first = static_cast<std::uint32_t>(table_.size());
        if (first + count > clusters_ + 2) {
            return fail(ErrorKind::invalid_input, "the files do not fit into the EFI system partition");
        }
        for (std::uint32_t index = 1; index < count; ++index) { table_.push_back(first + index); }
        table_.push_back(kEndOfChain);
        return first;
    }

    void store(std::uint32_t cluster, std::string bytes) {
        const std::uint64_t data = kReservedSectors + std::uint64_t{kCopies} * fat_sectors_;
        extents_.push_back({(data + cluster - 2) * kFatSector, std::move(bytes)});
    }

    // NOLINTNEXTLINE(misc-no-recursion): as deep as the paths given
    Status place(Node& node, const std::string& name, const Node* parent) {
        if (node.content) {
            INGOT_ASSIGN(node.cluster, allocate(node.content->size()), "");
            if (node.cluster != 0) { store(node.cluster, *node.content); }
            return {};
        }
        const bool is_root = parent == nullptr;
        const auto entries = node.children.size() + (is_root ? 1U : 2U);
        INGOT_ASSIGN(node.cluster, allocate(entries * kFolderEntry), "");
        std::string bytes;
        if (is_root) {
            auto label = options_.label;
            label.resize(11, ' ');
            bytes += directory_entry(label, kAttributeVolume, 0, 0, when_);
        } else {
            const auto up = parent->cluster == kRootCluster ? 0U : parent->cluster;
            bytes += directory_entry(".          ", kAttributeDirectory, node.cluster, 0, when_);
            bytes += directory_entry("..         ", kAttributeDirectory, up, 0, when_);
        }
        for (auto& [child_name, child] : node.children) {
            INGOT_TRY(place(child, child_name, &node), "");
            const auto padded = short_name(child_name);
            if (!padded) {
                return fail(
                    ErrorKind::invalid_input,
                    text::format("{}/{}: names on the EFI system partition are upper case 8.3", name, child_name));
            }
            bytes += child.content
                         ? directory_entry(*padded, kAttributeArchive, child.cluster, child.content->size(), when_)
                         : directory_entry(*padded, kAttributeDirectory, child.cluster, 0, when_);
        }
        store(node.cluster, std::move(bytes));
        return {};
    }

    [[nodiscard]] std::string boot_sector() const {
        std::string sector(kFatSector, '\0');
        put_bytes(sector, 0, "\xEB\x58\x90INGOT   ");
        put_number(sector, 11, kFatSector, 2);
        put_number(sector, 13, 1, 1); // sectors per cluster
        put_number(sector, 14, kReservedSectors, 2);
        put_number(sector, 16, kCopies, 1);
        put_number(sector, 21, 0xF8, 1); // fixed disk
        put_number(sector, 24, 63, 2);   // geometry, for old firmware
        put_number(sector, 26, 255, 2);
        put_number(sector, 32, options_.size / kFatSector, 4);
        put_number(sector, 36, fat_sectors_, 4);
        put_number(sector, 44, kRootCluster, 4);
        put_number(sector, 48, 1, 2); // information sector
        put_number(sector, 50, 6, 2); // backup boot sector
        put_number(sector, 64, 0x80, 1);
        put_number(sector, 66, 0x29, 1);
        put_number(sector, 67, options_.volume_id, 4);
        auto label = options_.label;
        label.resize(11, ' ');
        put_bytes(sector, 71, label);
        put_bytes(sector, 82, "FAT32   ");
        put_bytes(sector, 510, "\x55\xAA");
        return sector;
    }

    [[nodiscard]] std::string information_sector() const {
        const auto used = static_cast<std::uint32_t>(table_.size()) - 2;
        std::string sector(kFatSector, '\0');
        put_bytes(sector, 0, "RRaA");
        put_bytes(sector, 484, "rrAa");
        put_number(sector, 488, clusters_ - used, 4);
        put_number(sector, 492, table_.size(), 4);
        put_bytes(sector, 510, "\x55\xAA");
        return sector;
    }

    static constexpr std::uint32_t kRootCluster = 2;
    FatOptions options_;
    DosTime when_;
    std::uint32_t fat_sectors_;
    std::uint32_t clusters_;
    std::vector<std::uint32_t> table_;
    std::vector<Extent> extents_;
};

} // namespace

Result<std::vector<Extent>> render_fat32(const FatOptions& options, const std::vector<FatFile>& files) {
    const auto sectors = static_cast<std::uint32_t>(options.size / kFatSector);
    // One sector a cluster: each needs its sector and four bytes in each copy of the table.
    const auto estimate = (sectors - std::min(sectors, kReservedSectors)) / 1;
    const auto fat_sectors = (estimate + 2) * 4 / (kFatSector + 4 * kCopies) + 1;
    const auto overhead = kReservedSectors + kCopies * fat_sectors;
    const auto clusters = sectors > overhead ? sectors - overhead : 0;
    if (clusters < kMinimumClusters) {
        return fail(ErrorKind::invalid_input, "an EFI system partition with FAT32 needs at least 34 MiB");
    }
    Node root;
    for (const auto& file : files) {
        Node* node = &root;
        for (const auto& part : text::split(file.path, '/')) { node = &node->children[part]; }
        node->content = file.content;
    }
    Fat32 filesystem(options, fat_sectors, clusters);
    INGOT_TRY(filesystem.build(root), "");
    return filesystem.finish();
}

} // namespace ingot::builder::disk
