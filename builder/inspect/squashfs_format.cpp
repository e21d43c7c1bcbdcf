#include "builder/inspect/squashfs_format.hpp"

#include <algorithm>
#include <cstring>

#include "common/text/text.hpp"

namespace ingot::builder::inspect::squashfs {

namespace {

constexpr std::uint32_t kMagic = 0x73717368;
constexpr std::size_t kSuperblock = 96;
constexpr std::size_t kMetadataBlock = 8192;
constexpr std::uint16_t kStoredMetadata = 0x8000;
constexpr std::uint32_t kStoredData = 1U << 24U;
constexpr std::uint64_t kNoTable = ~0ULL;
constexpr std::size_t kLargestBlock = 1U << 20U;

Error damaged(std::string_view what) {
    return fail(ErrorKind::invalid_input, text::format("the squashfs is damaged: {}", what));
}

/// Numbers out of bytes. Reading past the end gives zeros and is remembered.
class Cursor {
  public:
    explicit Cursor(std::string_view bytes) : bytes_(bytes) {}
    template <typename T>
    T number() {
        T value = 0;
        const auto part = text(sizeof(T));
        if (part.size() == sizeof(T)) { part.copy(reinterpret_cast<char*>(&value), sizeof(T)); }
        return value;
    }
    std::string_view text(std::size_t size) {
        if (bytes_.size() - at_ < size) {
            broken_ = true;
            return {};
        }
        const auto part = bytes_.substr(at_, size);
        at_ += size;
        return part;
    }
    [[nodiscard]] bool broken() const { return broken_; }
    [[nodiscard]] std::size_t at() const { return at_; }
    [[nodiscard]] bool at_end() const { return at_ >= bytes_.size(); }

  private:
    std::string_view bytes_;
    std::size_t at_ = 0;
    bool broken_ = false;
};

struct Limits {
    std::uint32_t block_size;
    std::size_t fragments;
};

void read_directory_inode(Cursor& cursor, bool extended, Inode& inode) {
    inode.kind = Kind::directory;
    if (!extended) {
        inode.directory_block = cursor.number<std::uint32_t>();
        cursor.text(4);
        inode.size = cursor.number<std::uint16_t>();
        inode.directory_offset = cursor.number<std::uint16_t>();
        return;
    }
    cursor.text(4);
    inode.size = cursor.number<std::uint32_t>();
    inode.directory_block = cursor.number<std::uint32_t>();
    cursor.text(4 + 2);
    inode.directory_offset = cursor.number<std::uint16_t>();
    inode.xattr = cursor.number<std::uint32_t>();
}

Status read_file_inode(Cursor& cursor, bool extended, const Limits& limits, Inode& inode) {
    inode.kind = Kind::file;
    if (extended) {
        inode.blocks_start = cursor.number<std::uint64_t>();
        inode.size = cursor.number<std::uint64_t>();
        cursor.text(8 + 4); // sparse, names
        inode.fragment = cursor.number<std::uint32_t>();
        inode.fragment_offset = cursor.number<std::uint32_t>();
        inode.xattr = cursor.number<std::uint32_t>();
    } else {
        inode.blocks_start = cursor.number<std::uint32_t>();
        inode.fragment = cursor.number<std::uint32_t>();
        inode.fragment_offset = cursor.number<std::uint32_t>();
        inode.size = cursor.number<std::uint32_t>();
    }
    if (inode.fragment != kNone && inode.fragment >= limits.fragments) { return damaged("a fragment is missing"); }
    const auto rounded = inode.fragment == kNone ? inode.size + limits.block_size - 1 : inode.size;
    for (std::uint64_t i = 0; i < rounded / limits.block_size && !cursor.broken(); ++i) {
        inode.blocks.push_back(cursor.number<std::uint32_t>());
    }
    return {};
}

/// What follows the head that all inodes have; extended types are seven above the basic ones.
Status read_body(Cursor& cursor, std::uint16_t type, const Limits& limits, Inode& inode) {
    const bool extended = type > 7;
    switch (extended ? type - 7 : type) {
    case 1: read_directory_inode(cursor, extended, inode); return {};
    case 2: return read_file_inode(cursor, extended, limits, inode);
    case 3:
        inode.kind = Kind::link;
        cursor.text(4);
        inode.target = cursor.text(cursor.number<std::uint32_t>());
        break;
    case 4:
    case 5:
        inode.kind = Kind::device;
        cursor.text(8);
        break;
    case 6:
    case 7: cursor.text(4); break;
    default: return damaged("an inode of unknown type");
    }
    if (extended) { inode.xattr = cursor.number<std::uint32_t>(); }
    return {};
}

/// The value of security.capability among the attributes at `reference`.
Result<std::string> capability_at(const Metadata& pairs, std::uint64_t reference, std::uint32_t count) {
    constexpr std::uint16_t kSecurity = 2;
    constexpr std::uint16_t kOutOfLine = 0x100;
    constexpr std::uint16_t kPrefixBits = 0xff;
    INGOT_ASSIGN(const auto here, pairs.at(reference >> 16U, reference & 0xffffU), "");
    Cursor cursor(here);
    for (std::uint32_t i = 0; i < count && !cursor.broken(); ++i) {
        const auto type = cursor.number<std::uint16_t>();
        const auto name = cursor.text(cursor.number<std::uint16_t>());
        auto value = cursor.text(cursor.number<std::uint32_t>());
        if ((type & kPrefixBits) != kSecurity || name != "capability") { continue; }
        if ((type & kOutOfLine) != 0) {
            const auto elsewhere = Cursor(value).number<std::uint64_t>();
            INGOT_ASSIGN(const auto there, pairs.at(elsewhere >> 16U, elsewhere & 0xffffU), "");
            Cursor shared(there);
            value = shared.text(shared.number<std::uint32_t>());
        }
        return std::string(value);
    }
    return std::string();
}

} // namespace

std::uint32_t packed_size(std::uint32_t size) { return size & ~kStoredData; }

Result<std::string_view> Metadata::at(std::uint64_t block, std::size_t offset) const {
    const auto found = begins.find(block);
    if (found == begins.end() || found->second + offset > content.size()) {
        return damaged("a reference leads nowhere");
    }
    return std::string_view(content).substr(found->second + offset);
}

Result<Archive> Archive::open(std::string_view bytes) {
    Archive opened(bytes);
    INGOT_TRY(opened.read_superblock(), "");
    INGOT_TRY(opened.read_tables(), "");
    return opened;
}

std::string Archive::capability(std::uint32_t index) const {
    return index < capabilities_.size() ? capabilities_[index] : std::string();
}

Status Archive::read_superblock() {
    if (bytes_.size() < kSuperblock) { return fail(ErrorKind::invalid_input, "this is not a squashfs"); }
    Cursor cursor(bytes_.substr(0, kSuperblock));
    if (cursor.number<std::uint32_t>() != kMagic) { return fail(ErrorKind::invalid_input, "this is not a squashfs"); }
    inode_count_ = cursor.number<std::uint32_t>();
    cursor.text(4); // when it was made
    block_size_ = cursor.number<std::uint32_t>();
    fragment_count_ = cursor.number<std::uint32_t>();
    const auto compressor = cursor.number<std::uint16_t>();
    cursor.text(4); // log of the block size, flags
    id_count_ = cursor.number<std::uint16_t>();
    const auto version = cursor.number<std::uint16_t>();
    cursor.text(2);
    root_ = cursor.number<std::uint64_t>();
    const auto used = cursor.number<std::uint64_t>();
    id_table_ = cursor.number<std::uint64_t>();
    xattr_table_ = cursor.number<std::uint64_t>();
    inode_table_ = cursor.number<std::uint64_t>();
    directory_table_ = cursor.number<std::uint64_t>();
    fragment_table_ = cursor.number<std::uint64_t>();
    export_table_ = cursor.number<std::uint64_t>();
    constexpr std::uint16_t kVersion = 4;
    constexpr std::uint16_t kXz = 4;
    constexpr std::uint16_t kZstd = 6;
    if (version != kVersion) { return fail(ErrorKind::invalid_input, "this is not a squashfs of version 4"); }
    if (compressor != kXz && compressor != kZstd) {
        return fail(ErrorKind::invalid_input, "this squashfs is compressed with neither zstd nor xz");
    }
    codec_ = compressor == kZstd ? archive::Codec::zstd : archive::Codec::xz;
    if (used > bytes_.size()) { return damaged("it has been cut off"); }
    if (block_size_ == 0 || block_size_ > kLargestBlock) { return damaged("its block size makes no sense"); }
    return {};
}

Result<std::string_view> Archive::slice(std::uint64_t start, std::uint64_t size) const {
    if (start > bytes_.size() || bytes_.size() - start < size) { return damaged("it ends too early"); }
    return bytes_.substr(start, size);
}

/// One metadata block at `start` of the file: its content, and where the next begins.
Result<std::pair<std::string, std::uint64_t>> Archive::metadata_block(std::uint64_t start) const {
    INGOT_ASSIGN(const auto head, slice(start, 2), "");
    const auto header = Cursor(head).number<std::uint16_t>();
    const auto size = static_cast<std::uint16_t>(header & ~kStoredMetadata);
    INGOT_ASSIGN(const auto packed, slice(start + 2, size), "");
    const auto next = start + 2 + size;
    if ((header & kStoredMetadata) != 0) { return std::pair(std::string(packed), next); }
    INGOT_ASSIGN(auto content, archive::decompress(packed, codec_, kMetadataBlock), "");
    return std::pair(std::move(content), next);
}

Result<Metadata> Archive::metadata_run(std::uint64_t start, std::uint64_t end) const {
    Metadata run;
    for (auto at = start; at < end;) {
        INGOT_ASSIGN(const auto block, metadata_block(at), "");
        run.begins.emplace(at - start, run.content.size());
        run.content += block.first;
        at = block.second;
    }
    run.begins.emplace(end - start, run.content.size());
    return run;
}

/// A table of `count` records: at `table` are pointers to its metadata blocks. Gives the first pointer too.
Result<std::pair<std::string, std::uint64_t>> Archive::table(std::uint64_t at, std::uint64_t count,
                                                             std::size_t record) const {
    const auto blocks = (count * record + kMetadataBlock - 1) / kMetadataBlock;
    INGOT_ASSIGN(const auto pointers, slice(at, blocks * sizeof(std::uint64_t)), "");
    Cursor cursor(pointers);
    std::string content;
    std::uint64_t first = at;
    for (std::uint64_t i = 0; i < blocks; ++i) {
        const auto pointer = cursor.number<std::uint64_t>();
        if (i == 0) { first = pointer; }
        INGOT_ASSIGN(const auto block, metadata_block(pointer), "");
        content += block.first;
    }
    if (content.size() < count * record) { return damaged("a table is too short"); }
    return std::pair(std::move(content), first);
}

/// The table of inode numbers, which is not of interest, lies between the directories and the ids.
Status Archive::read_tables() {
    INGOT_ASSIGN(inodes_, metadata_run(inode_table_, directory_table_), "reading the inodes");
    INGOT_ASSIGN(const auto ids, table(id_table_, id_count_, sizeof(std::uint32_t)), "");
    auto directories_end = ids.second;
    Cursor cursor(ids.first);
    for (std::uint16_t i = 0; i < id_count_; ++i) { ids_.push_back(cursor.number<std::uint32_t>()); }
    if (export_table_ != kNoTable) {
        INGOT_ASSIGN(const auto numbers, table(export_table_, inode_count_, sizeof(std::uint64_t)), "");
        directories_end = std::min(directories_end, numbers.second);
    }
    INGOT_TRY(read_fragments(directories_end), "");
    INGOT_ASSIGN(directories_, metadata_run(directory_table_, directories_end), "reading the directories");
    return read_xattrs();
}

Status Archive::read_fragments(std::uint64_t& directories_end) {
    if (fragment_count_ == 0) { return {}; }
    constexpr std::size_t kRecord = 16;
    INGOT_ASSIGN(const auto records, table(fragment_table_, fragment_count_, kRecord), "");
    directories_end = std::min(directories_end, records.second);
    Cursor cursor(records.first);
    for (std::uint32_t i = 0; i < fragment_count_; ++i) {
        const auto start = cursor.number<std::uint64_t>();
        fragments_.push_back({.start = start, .size = cursor.number<std::uint32_t>()});
        cursor.text(4);
    }
    return {};
}

Status Archive::read_xattrs() {
    if (xattr_table_ == kNoTable) { return {}; }
    constexpr std::size_t kHead = 16;
    constexpr std::size_t kRecord = 16;
    INGOT_ASSIGN(const auto head, slice(xattr_table_, kHead), "");
    Cursor cursor(head);
    const auto start = cursor.number<std::uint64_t>();
    const auto count = cursor.number<std::uint32_t>();
    INGOT_ASSIGN(auto records, table(xattr_table_ + kHead, count, kRecord), "");
    INGOT_ASSIGN(const auto pairs, metadata_run(start, records.second), "");
    Cursor record(records.first);
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto reference = record.number<std::uint64_t>();
        const auto attributes = record.number<std::uint32_t>();
        record.text(4);
        INGOT_ASSIGN(auto capability, capability_at(pairs, reference, attributes), "");
        capabilities_.push_back(std::move(capability));
    }
    return {};
}

Result<Inode> Archive::inode(std::uint64_t reference) const {
    INGOT_ASSIGN(const auto here, inodes_.at(reference >> 16U, reference & 0xffffU), "");
    Cursor cursor(here);
    Inode inode;
    const auto type = cursor.number<std::uint16_t>();
    inode.mode = cursor.number<std::uint16_t>();
    inode.uid = cursor.number<std::uint16_t>();
    inode.gid = cursor.number<std::uint16_t>();
    inode.mtime = cursor.number<std::uint32_t>();
    inode.number = cursor.number<std::uint32_t>();
    INGOT_TRY(read_body(cursor, type, {block_size_, fragments_.size()}, inode), "");
    if (cursor.broken()) { return damaged("an inode is cut off"); }
    return inode;
}

Result<std::vector<Child>> Archive::children(const Inode& directory) const {
    std::vector<Child> found;
    constexpr std::uint64_t kNotThere = 3; // a directory's size counts its "." and ".."
    if (directory.size <= kNotThere) { return found; }
    INGOT_ASSIGN(const auto here, directories_.at(directory.directory_block, directory.directory_offset), "");
    if (here.size() < directory.size - kNotThere) { return damaged("a directory is cut off"); }
    Cursor cursor(here.substr(0, directory.size - kNotThere));
    while (!cursor.at_end() && !cursor.broken()) {
        const std::uint64_t count = 1ULL + cursor.number<std::uint32_t>();
        const std::uint64_t block = cursor.number<std::uint32_t>();
        cursor.text(4);
        for (std::uint64_t i = 0; i < count && !cursor.broken(); ++i) {
            const std::uint64_t offset = cursor.number<std::uint16_t>();
            cursor.text(4);
            const auto name = cursor.text(1U + cursor.number<std::uint16_t>());
            found.push_back({.name = std::string(name), .inode = block << 16U | offset});
        }
    }
    if (cursor.broken()) { return damaged("a directory is cut off"); }
    return found;
}

Result<std::string> Archive::block(std::uint64_t at, std::uint32_t size, std::uint64_t length) const {
    const auto packed_bytes = packed_size(size);
    if (packed_bytes == 0) { return std::string(length, '\0'); } // a hole
    INGOT_ASSIGN(const auto packed, slice(at, packed_bytes), "");
    if ((size & kStoredData) != 0) { return std::string(packed); }
    return archive::decompress(packed, codec_, block_size_);
}

} // namespace ingot::builder::inspect::squashfs
