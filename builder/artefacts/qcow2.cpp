// After docs/interop/qcow2.txt of QEMU; numbers are big-endian. The order in the file:
//
//   header │ clusters with data, compressed ones packed byte to byte │ L2 tables │ L1 table │ refcount table, blocks
//
// A cluster that is all zeros is not in the file: nothing lies beneath, so it reads as zeros.
#include <array>
#include <vector>

#include "builder/artefacts/compressed.hpp"
#include "builder/artefacts/pieces.hpp"
#include "common/compress/compress.hpp"

namespace ingot::builder::artefacts {

namespace {

constexpr unsigned kClusterBits = 16;
constexpr std::uint64_t kCluster = 1ULL << kClusterBits;
constexpr std::uint64_t kQcowSector = 512;
constexpr std::uint64_t kEntriesPerTable = kCluster / 8;
constexpr std::uint64_t kCountsPerBlock = kCluster / 2; ///< 16 bits each
constexpr std::uint64_t kCopied = 1ULL << 63U;          ///< exactly one reference: may be written in place
constexpr std::uint64_t kCompressed = 1ULL << 62U;
constexpr unsigned kSectorsShift = 62 - (kClusterBits - 8);
constexpr std::uint64_t kPiece = 64 * kCluster; ///< work of one thread at a time
constexpr int kDeflateLevel = 6;

std::uint64_t clusters_of(std::uint64_t bytes) { return (bytes + kCluster - 1) / kCluster; }

void put_big(std::string& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
    for (std::size_t index = size; index > 0; --index) {
        bytes.at(offset + index - 1) = static_cast<char>(value & 0xFFU);
        value >>= 8U;
    }
}

/// A cluster as it goes into the file. Empty: all zeros.
struct Cluster {
    std::string bytes;
    bool compressed = false;
};

Result<std::vector<Cluster>> compress_piece(const PieceReader& image, std::uint64_t index) {
    INGOT_ASSIGN(auto bytes, image.read(index), "");
    bytes.resize(clusters_of(bytes.size()) * kCluster, '\0');
    compress::ZstdCompressor compressor(kDeflateLevel);
    std::vector<Cluster> clusters;
    for (std::size_t at = 0; at < bytes.size(); at += kCluster) {
        const auto content = std::string_view(bytes).substr(at, kCluster);
        auto& cluster = clusters.emplace_back();
        if (content.find_first_not_of('\0') == std::string_view::npos) { continue; }
        INGOT_ASSIGN(cluster.bytes, compressor.compress(content), "");
        cluster.compressed = cluster.bytes.size() + kQcowSector <= kCluster;
        if (!cluster.compressed) { cluster.bytes = content; }
    }
    return clusters;
}

/// The file while it is written, and what refers to what in it.
class Qcow2 {
  public:
    Qcow2(OutputFile file, std::uint64_t disk_size)
        : file_(std::move(file)), disk_size_(disk_size), map_(clusters_of(disk_size), 0) {}

    Status begin() { return file_.append(std::string(kCluster, '\0')); }

    Status add(const Cluster& cluster) {
        const auto index = next_++;
        if (cluster.bytes.empty()) { return {}; }
        if (!cluster.compressed) { INGOT_TRY(align(), ""); }
        const auto at = file_.position();
        INGOT_TRY(file_.append(cluster.bytes), "");
        if (!cluster.compressed) {
            map_.at(index) = at | kCopied;
            return {};
        }
        const auto last_sector = (at + cluster.bytes.size() - 1) / kQcowSector;
        map_.at(index) = at | ((last_sector - at / kQcowSector) << kSectorsShift) | kCompressed;
        // A reader takes whole sectors, so that is what the cluster refers to.
        for (auto host = at / kCluster; host <= last_sector * kQcowSector / kCluster; ++host) { count(host, 1); }
        return {};
    }

    Status finish() {
        INGOT_TRY(align(), "");
        const auto tables_end = file_.position();
        INGOT_ASSIGN(const auto l1, write_tables(), "");
        // Everything that no compressed cluster lies in belongs to exactly one owner.
        const auto l1_entries = (map_.size() + kEntriesPerTable - 1) / kEntriesPerTable;
        count(0, 1);
        for (const auto entry : map_) {
            if ((entry & kCopied) != 0) { count((entry & ~kCopied) / kCluster, 1); }
        }
        for (auto host = tables_end / kCluster; host < file_.position() / kCluster; ++host) { count(host, 1); }
        INGOT_ASSIGN(const auto refcounts, write_refcounts(), "");
        return write_header(l1, l1_entries, refcounts);
    }

  private:
    struct Refcounts {
        std::uint64_t table = 0;
        std::uint64_t clusters = 0;
    };

    Status align() {
        const auto rest = file_.position() % kCluster;
        return rest == 0 ? Status{} : file_.append(std::string(kCluster - rest, '\0'));
    }

    void count(std::uint64_t host, unsigned references) {
        if (counts_.size() <= host) { counts_.resize(host + 1, 0); }
        counts_.at(host) = static_cast<std::uint16_t>(counts_.at(host) + references);
    }

    /// L2 tables where there is anything, then L1. Returns L1's place.
    Result<std::uint64_t> write_tables() {
        std::string l1;
        for (std::size_t first = 0; first < map_.size(); first += kEntriesPerTable) {
            std::string l2(kCluster, '\0');
            bool used = false;
            for (std::size_t index = first; index < std::min<std::size_t>(first + kEntriesPerTable, map_.size());
                 ++index) {
                put_big(l2, (index - first) * 8, map_[index], 8);
                used = used || map_[index] != 0;
            }
            std::string entry(8, '\0');
            if (used) {
                put_big(entry, 0, file_.position() | kCopied, 8);
                INGOT_TRY(file_.append(l2), "");
            }
            l1 += entry;
        }
        const auto at = file_.position();
        INGOT_TRY(file_.append(l1), "");
        INGOT_TRY(align(), "");
        return at;
    }

    /// The refcount table and its blocks count themselves as well.
    Result<Refcounts> write_refcounts() {
        const auto at = file_.position();
        const auto before = at / kCluster;
        std::uint64_t blocks = 0;
        std::uint64_t tables = 0;
        for (bool stable = false; !stable;) {
            const auto needed = (before + tables + blocks + kCountsPerBlock - 1) / kCountsPerBlock;
            const auto table = (needed + kEntriesPerTable - 1) / kEntriesPerTable;
            stable = needed == blocks && table == tables;
            blocks = needed;
            tables = table;
        }
        for (auto host = before; host < before + tables + blocks; ++host) { count(host, 1); }
        std::string table(tables * kCluster, '\0');
        for (std::uint64_t block = 0; block < blocks; ++block) {
            put_big(table, block * 8, at + (tables + block) * kCluster, 8);
        }
        std::string content(blocks * kCluster, '\0');
        for (std::size_t host = 0; host < counts_.size(); ++host) { put_big(content, host * 2, counts_[host], 2); }
        INGOT_TRY(file_.append(table), "");
        INGOT_TRY(file_.append(content), "");
        return Refcounts{.table = at, .clusters = tables};
    }

    Status write_header(std::uint64_t l1, std::uint64_t l1_entries, const Refcounts& refcounts) {
        constexpr std::uint64_t kCompressionType = 1U << 3U; ///< incompatible feature: the field at 104 counts
        constexpr std::uint64_t kZstd = 1;
        constexpr std::size_t kHeaderSize = 112;
        std::string header(kHeaderSize + 8, '\0'); // and an end of extensions
        header.replace(0, 4, "QFI\xFB");
        put_big(header, 4, 3, 4);
        put_big(header, 20, kClusterBits, 4);
        put_big(header, 24, disk_size_, 8);
        put_big(header, 36, l1_entries, 4);
        put_big(header, 40, l1, 8);
        put_big(header, 48, refcounts.table, 8);
        put_big(header, 56, refcounts.clusters, 4);
        put_big(header, 72, kCompressionType, 8);
        put_big(header, 96, 4, 4); // 2^4 bits a refcount
        put_big(header, 100, kHeaderSize, 4);
        put_big(header, 104, kZstd, 1);
        return file_.put(0, header);
    }

    OutputFile file_;
    std::uint64_t disk_size_;
    std::vector<std::uint64_t> map_; ///< L2 entries of all clusters, in the disk's order
    std::vector<std::uint16_t> counts_;
    std::size_t next_ = 0;
};

} // namespace

Status write_qcow2(const std::filesystem::path& raw, const std::filesystem::path& file) {
    INGOT_ASSIGN(const auto image, PieceReader::open(raw, kPiece), "");
    INGOT_ASSIGN(auto out, OutputFile::create(file), "");
    Qcow2 qcow2(std::move(out), image.size());
    INGOT_TRY(qcow2.begin(), "");
    const auto take = [&](const std::vector<Cluster>& clusters) -> Status {
        for (const auto& cluster : clusters) { INGOT_TRY(qcow2.add(cluster), ""); }
        return {};
    };
    const auto make = [&](std::uint64_t index) { return compress_piece(image, index); };
    INGOT_TRY(in_order(image.count(), make, take), "");
    return qcow2.finish();
}

} // namespace ingot::builder::artefacts
