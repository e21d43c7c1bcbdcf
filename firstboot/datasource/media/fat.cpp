// FAT12, FAT16 and FAT32 with long names, as far as reading a file by its path needs it.
#include <algorithm>
#include <array>

#include "common/text/text.hpp"
#include "firstboot/datasource/media/media.hpp"

namespace ingot::firstboot::media {

namespace {

constexpr std::size_t kEntry = 32;

struct Node {
    std::string name;
    std::uint32_t cluster = 0;
    std::uint32_t size = 0;
    bool folder = false;
};

/// What the boot sector says. All sizes in bytes, all places from the start of the device.
struct Geometry {
    std::uint32_t sector = 0;
    std::uint32_t cluster = 0;
    std::uint64_t table = 0;
    std::uint64_t root = 0; ///< FAT12 and FAT16
    std::uint32_t root_size = 0;
    std::uint64_t data = 0;
    std::uint32_t clusters = 0;
    std::uint32_t root_cluster = 0; ///< FAT32
    unsigned bits = 0;
};

std::optional<Geometry> geometry_of(std::string_view boot) {
    Geometry geometry;
    geometry.sector = number_at(boot, 11, 2);
    const auto per_cluster = static_cast<unsigned char>(boot[13]);
    const auto reserved = number_at(boot, 14, 2);
    const auto tables = static_cast<unsigned char>(boot[16]);
    const auto sector = geometry.sector;
    const bool sane = (sector == 512 || sector == 1024 || sector == 2048 || sector == 4096) && per_cluster != 0 &&
                      (per_cluster & (per_cluster - 1U)) == 0 && reserved != 0 && (tables == 1 || tables == 2);
    if (!sane) { return std::nullopt; }
    auto table_sectors = number_at(boot, 22, 2);
    const bool is_32 = table_sectors == 0;
    if (is_32) { table_sectors = number_at(boot, 36, 4); }
    auto sectors = number_at(boot, 19, 2);
    if (sectors == 0) { sectors = number_at(boot, 32, 4); }
    geometry.cluster = sector * per_cluster;
    geometry.root_size = number_at(boot, 17, 2) * kEntry;
    const std::uint64_t root_sectors = (std::uint64_t{geometry.root_size} + sector - 1) / sector;
    const std::uint64_t before = reserved + std::uint64_t{table_sectors} * tables + root_sectors;
    if (table_sectors == 0 || before >= sectors) { return std::nullopt; }
    geometry.table = std::uint64_t{reserved} * sector;
    geometry.root = (reserved + std::uint64_t{table_sectors} * tables) * sector;
    geometry.data = before * sector;
    geometry.clusters = static_cast<std::uint32_t>((sectors - before) / per_cluster);
    geometry.root_cluster = is_32 ? number_at(boot, 44, 4) : 0;
    constexpr std::uint32_t kMost12 = 4085;
    constexpr std::uint32_t kMost16 = 65525;
    geometry.bits = is_32 ? 32U : geometry.clusters < kMost12 ? 12U : 16U;
    if (!is_32 && geometry.clusters >= kMost16) { return std::nullopt; }
    return geometry;
}

/// The label of the boot sector: behind the signature 0x29.
std::string boot_label(std::string_view boot, bool is_32) {
    const std::size_t signature = is_32 ? 66 : 38;
    constexpr std::size_t kLength = 11;
    if (static_cast<unsigned char>(boot[signature]) != 0x29U) { return {}; }
    const auto label = text::trim(boot.substr(signature + 5, kLength));
    return label == "NO NAME" ? std::string() : std::string(label);
}

std::string short_name(std::string_view entry) {
    const auto flags = static_cast<unsigned char>(entry[12]);
    std::string base(text::trim(entry.substr(0, 8)));
    std::string extension(text::trim(entry.substr(8, 3)));
    if ((flags & 0x08U) != 0) { base = text::lower(base); }
    if ((flags & 0x10U) != 0) { extension = text::lower(extension); }
    return extension.empty() ? base : base + "." + extension;
}

/// The 13 letters of one piece of a long name; what is not ASCII becomes '?'.
std::string long_piece(std::string_view entry) {
    constexpr std::array<std::size_t, 13> kPlaces{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30};
    std::string piece;
    for (const auto place : kPlaces) {
        const auto letter = number_at(entry, place, 2);
        if (letter == 0 || letter == 0xFFFFU) { break; }
        piece += letter < 0x80U ? static_cast<char>(letter) : '?';
    }
    return piece;
}

class Fat final : public Filesystem {
  public:
    Fat(std::shared_ptr<const Blocks> blocks, const Geometry& geometry, std::string label)
        : blocks_(std::move(blocks)), geometry_(geometry) {
        if (!label.empty()) { labels_.push_back(std::move(label)); }
        // The label in the root folder is the one that tools change later.
        if (const auto bytes = folder_bytes(std::nullopt)) { find_label(*bytes); }
    }

    [[nodiscard]] std::string_view type() const override { return "vfat"; }
    [[nodiscard]] const std::vector<std::string>& labels() const override { return labels_; }

    [[nodiscard]] Result<std::optional<std::string>> read(std::string_view path) const override {
        std::optional<Node> here; // the root
        for (const auto& part : text::split(path, '/')) {
            if (part.empty()) { continue; }
            if (here && !here->folder) { return std::optional<std::string>{}; }
            INGOT_ASSIGN(const auto bytes, folder_bytes(here), "");
            const auto nodes = nodes_of(bytes);
            const auto found = std::ranges::find_if(
                nodes, [&part](const Node& node) { return text::lower(node.name) == text::lower(part); });
            if (found == nodes.end()) { return std::optional<std::string>{}; }
            here = *found;
        }
        if (!here || here->folder) { return std::optional<std::string>{}; }
        if (here->size > kLargestFile) {
            return fail(ErrorKind::refused, text::format("{} is larger than 16 MiB", path));
        }
        INGOT_ASSIGN(auto content, chain(here->cluster, here->size, false), "");
        return std::optional(std::move(content));
    }

  private:
    [[nodiscard]] Result<std::uint32_t> next_cluster(std::uint32_t cluster) const {
        if (geometry_.bits == 12) {
            INGOT_ASSIGN(const auto bytes, blocks_->read(geometry_.table + cluster + cluster / 2, 2), "");
            const auto both = number_at(bytes, 0, 2);
            return cluster % 2 == 0 ? both & 0x0FFFU : both >> 4U;
        }
        const std::size_t width = geometry_.bits / 8;
        INGOT_ASSIGN(const auto bytes, blocks_->read(geometry_.table + std::uint64_t{cluster} * width, width), "");
        return number_at(bytes, 0, width) & 0x0FFFFFFFU;
    }

    /// `size` bytes from a chain of clusters; a folder has no size and ends with its chain.
    [[nodiscard]] Result<std::string> chain(std::uint32_t cluster, std::size_t size, bool folder) const {
        std::string content;
        while (content.size() < size) {
            if (cluster < 2 || cluster >= geometry_.clusters + 2) {
                if (folder && !content.empty()) { return content; }
                return fail(ErrorKind::invalid_input, "a file of this vfat is cut off");
            }
            const auto place = geometry_.data + std::uint64_t{cluster - 2} * geometry_.cluster;
            const auto length = std::min<std::size_t>(geometry_.cluster, size - content.size());
            INGOT_ASSIGN(const auto bytes, blocks_->read(place, length), "");
            content += bytes;
            if (content.size() < size) { INGOT_ASSIGN(cluster, next_cluster(cluster), ""); }
        }
        return content;
    }

    [[nodiscard]] Result<std::string> folder_bytes(const std::optional<Node>& folder) const {
        if (folder) { return chain(folder->cluster, kLargestFolder, true); }
        if (geometry_.bits == 32) { return chain(geometry_.root_cluster, kLargestFolder, true); }
        return blocks_->read(geometry_.root, geometry_.root_size);
    }

    [[nodiscard]] std::vector<Node> nodes_of(std::string_view bytes) const {
        constexpr unsigned char kDeleted = 0xE5;
        constexpr unsigned kVolume = 0x08;
        constexpr unsigned kFolder = 0x10;
        constexpr unsigned kLongName = 0x0F;
        constexpr std::size_t kLongestName = 260;
        std::vector<Node> nodes;
        std::string name;
        for (; bytes.size() >= kEntry; bytes.remove_prefix(kEntry)) {
            const auto entry = bytes.substr(0, kEntry);
            const auto first = static_cast<unsigned char>(entry[0]);
            if (first == 0) { break; }
            const unsigned attributes = static_cast<unsigned char>(entry[11]);
            if (first == kDeleted) {
                name.clear();
            } else if (attributes == kLongName) {
                // Pieces come last first; one with 0x40 begins a name.
                name = long_piece(entry) + ((first & 0x40U) != 0 || name.size() > kLongestName ? "" : name);
            } else {
                const auto own = std::exchange(name, {});
                if ((attributes & kVolume) != 0) { continue; }
                nodes.push_back({.name = own.empty() ? short_name(entry) : own,
                                 .cluster = number_at(entry, 26, 2) |
                                            (geometry_.bits == 32 ? number_at(entry, 20, 2) << 16U : 0U),
                                 .size = number_at(entry, 28, 4),
                                 .folder = (attributes & kFolder) != 0});
            }
        }
        return nodes;
    }

    void find_label(std::string_view bytes) {
        constexpr std::size_t kLabel = 11;
        for (; bytes.size() >= kEntry && bytes[0] != '\0'; bytes.remove_prefix(kEntry)) {
            const unsigned attributes = static_cast<unsigned char>(bytes[11]);
            if (static_cast<unsigned char>(bytes[0]) == 0xE5U || attributes == 0x0FU || (attributes & 0x08U) == 0) {
                continue;
            }
            labels_.emplace_back(text::trim(bytes.substr(0, kLabel)));
            return;
        }
    }

    std::shared_ptr<const Blocks> blocks_;
    Geometry geometry_;
    std::vector<std::string> labels_;
};

} // namespace

Result<FilesystemPtr> open_fat(std::shared_ptr<const Blocks> blocks) {
    constexpr std::size_t kBootSector = 512;
    const auto boot = blocks->read(0, kBootSector);
    if (!boot || !boot->ends_with("\x55\xAA")) { return FilesystemPtr(); }
    const auto geometry = geometry_of(*boot);
    // A partition table ends in the same two bytes; its first 62 bytes are code.
    const auto name = std::string_view(*boot).substr(geometry && geometry->bits == 32 ? 82 : 54, 3);
    if (!geometry || name != "FAT") { return FilesystemPtr(); }
    return FilesystemPtr(
        std::make_unique<Fat>(std::move(blocks), *geometry, boot_label(*boot, geometry->bits == 32)));
}

} // namespace ingot::firstboot::media
