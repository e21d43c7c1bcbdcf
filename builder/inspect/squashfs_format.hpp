// The squashfs 4.0 format: superblock, tables, inodes, directories and blocks. What is done with them is
// squashfs.cpp.
//
// A superblock; data blocks and fragment blocks; then inodes and directories in metadata blocks of 8 KiB, each
// compressed by itself; then the tables of fragments, ids and extended attributes, each an array of pointers to
// metadata blocks. All numbers are little-endian. Every offset comes from the file, so none is believed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "builder/inspect/listing.hpp"
#include "common/archive/reading.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::inspect::squashfs {

inline constexpr std::uint32_t kNone = 0xffffffff;

/// A run of metadata blocks, decompressed: where each began in the file, and all their content.
struct Metadata {
    std::map<std::uint64_t, std::size_t> begins{}; ///< offset in the run → offset in `content`
    std::string content{};

    /// What begins at the reference (offset of a block in the run, offset in that block).
    [[nodiscard]] Result<std::string_view> at(std::uint64_t block, std::size_t offset) const;
};

/// A block that holds the ends of many files. `size` is as in the file, see packed_size().
struct Fragment {
    std::uint64_t start = 0;
    std::uint32_t size = 0;
};

struct Inode {
    Kind kind = Kind::other;
    unsigned mode = 0;
    std::uint16_t uid = 0; ///< index of the table of ids
    std::uint16_t gid = 0;
    std::int64_t mtime = 0;
    std::uint32_t number = 0;
    std::uint32_t xattr = kNone;
    std::uint64_t size = 0;
    std::string target{};
    std::uint64_t blocks_start = 0;
    std::vector<std::uint32_t> blocks{}; ///< sizes, see packed_size()
    std::uint32_t fragment = kNone;
    std::uint32_t fragment_offset = 0;
    std::uint32_t directory_block = 0;
    std::uint16_t directory_offset = 0;
};

struct Child {
    std::string name;
    std::uint64_t inode; ///< reference
};

/// What a block takes in the file; a bit of its size says whether it is compressed.
std::uint32_t packed_size(std::uint32_t size);

/// An opened squashfs; `bytes` have to outlive it.
class Archive {
  public:
    static Result<Archive> open(std::string_view bytes);

    [[nodiscard]] std::uint64_t root() const { return root_; }
    [[nodiscard]] std::uint32_t block_size() const { return block_size_; }
    [[nodiscard]] archive::Codec codec() const { return codec_; }
    [[nodiscard]] const std::vector<Fragment>& fragments() const { return fragments_; }
    [[nodiscard]] std::uint64_t id(std::uint16_t index) const { return index < ids_.size() ? ids_[index] : 0; }
    /// The bytes of security.capability; empty if the inode has none.
    [[nodiscard]] std::string capability(std::uint32_t index) const;
    [[nodiscard]] Result<Inode> inode(std::uint64_t reference) const;
    [[nodiscard]] Result<std::vector<Child>> children(const Inode& directory) const;
    /// The content of a data or fragment block; `length` is that of a hole.
    [[nodiscard]] Result<std::string> block(std::uint64_t at, std::uint32_t size, std::uint64_t length) const;

  private:
    explicit Archive(std::string_view bytes) : bytes_(bytes) {}
    Status read_superblock();
    Status read_tables();
    Status read_fragments(std::uint64_t& directories_end);
    Status read_xattrs();
    [[nodiscard]] Result<std::string_view> slice(std::uint64_t start, std::uint64_t size) const;
    [[nodiscard]] Result<std::pair<std::string, std::uint64_t>> metadata_block(std::uint64_t start) const;
    [[nodiscard]] Result<Metadata> metadata_run(std::uint64_t start, std::uint64_t end) const;
    [[nodiscard]] Result<std::pair<std::string, std::uint64_t>> table(std::uint64_t at, std::uint64_t count,
                                                                      std::size_t record) const;

    std::string_view bytes_;
    archive::Codec codec_ = archive::Codec::zstd;
    std::uint32_t inode_count_ = 0;
    std::uint32_t block_size_ = 0;
    std::uint32_t fragment_count_ = 0;
    std::uint16_t id_count_ = 0;
    std::uint64_t root_ = 0;
    std::uint64_t id_table_ = 0;
    std::uint64_t xattr_table_ = 0;
    std::uint64_t inode_table_ = 0;
    std::uint64_t directory_table_ = 0;
    std::uint64_t fragment_table_ = 0;
    std::uint64_t export_table_ = 0;
    Metadata inodes_{};
    Metadata directories_{};
    std::vector<Fragment> fragments_{};
    std::vector<std::uint32_t> ids_{};
    std::vector<std::string> capabilities_{};
};

} // namespace ingot::builder::inspect::squashfs
