// Offsets are those of the kernel's Documentation/filesystems/ext4 (super.rst, group_descr.rst, inodes.rst). An
// inode's checksum is CRC-32C over the filesystem's UUID, the inode's number and generation, and the inode with the
// checksum's own four bytes as zero.
#include "builder/artefacts/ext4_times.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "builder/disk/bytes.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::artefacts {

namespace {

namespace fs = std::filesystem;
using disk::get_number;
using disk::put_number;

constexpr std::uint32_t kMetadataChecksums = 0x400; ///< read-only compatible feature
constexpr std::uint32_t kMetaGroups = 0x10;         ///< incompatible feature
constexpr std::uint32_t kWide = 0x80;               ///< incompatible feature: 64 bit
constexpr std::uint32_t kChecksumSeed = 0x2000;     ///< incompatible feature
constexpr std::uint32_t kUnused = 1;                ///< group flag: its inode table holds nothing
constexpr std::size_t kSuperblockAt = 1024;
constexpr std::size_t kSmallInode = 128;

Error not_ours(std::string_view why) {
    return fail(ErrorKind::tool_failed, text::format("mkfs.ext4 made a filesystem that ingot cannot date: {}", why));
}

std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
    static const auto kTable = [] {
        constexpr std::uint32_t kPolynomial = 0x82F63B78;
        std::array<std::uint32_t, 256> entries{};
        for (std::uint32_t index = 0; index < entries.size(); ++index) {
            std::uint32_t value = index;
            for (int bit = 0; bit < 8; ++bit) { value = (value >> 1U) ^ ((value & 1U) != 0 ? kPolynomial : 0U); }
            entries.at(index) = value;
        }
        return entries;
    }();
    for (const char byte : bytes) { crc = (crc >> 8U) ^ kTable.at((crc ^ static_cast<std::uint8_t>(byte)) & 0xFFU); }
    return crc;
}

std::string little(std::uint64_t value) {
    std::string bytes(4, '\0');
    put_number(bytes, 0, value, 4);
    return bytes;
}

/// Seconds with the two bits that carry them past 2038.
std::int64_t time_at(const std::string& inode, std::size_t at, std::size_t extra_at) {
    const auto low = static_cast<std::int32_t>(get_number(inode, at, 4));
    const auto epoch = static_cast<std::int64_t>(get_number(inode, extra_at, 4) & 3U);
    return std::int64_t{low} + (epoch << 32U);
}

void put_time(std::string& inode, std::size_t at, std::size_t extra_at, std::int64_t time) {
    const auto low = static_cast<std::int32_t>(time & 0xFFFFFFFF);
    put_number(inode, at, static_cast<std::uint32_t>(low), 4);
    put_number(inode, extra_at, static_cast<std::uint64_t>((time - low) >> 32U) & 3U, 4);
}

/// One filesystem in a file.
class Ext4 {
  public:
    Ext4(files::Fd file, std::uint64_t offset) : file_(std::move(file)), offset_(offset) {}

    Status open() {
        constexpr std::size_t kSize = 1024;
        INGOT_ASSIGN(const auto super, read(kSuperblockAt, kSize), "");
        if (get_number(super, 56, 2) != 0xEF53) { return not_ours("no magic number"); }
        const auto incompatible = get_number(super, 96, 4);
        if ((incompatible & kMetaGroups) != 0) { return not_ours("the feature meta_bg"); }
        block_ = std::uint64_t{1024} << get_number(super, 24, 4);
        inodes_ = get_number(super, 0, 4);
        inodes_per_group_ = get_number(super, 40, 4);
        inode_size_ = get_number(super, 88, 2);
        descriptor_size_ = (incompatible & kWide) != 0 ? get_number(super, 254, 2) : 32;
        first_block_ = get_number(super, 20, 4);
        checksums_ = (get_number(super, 100, 4) & kMetadataChecksums) != 0;
        seed_ = (incompatible & kChecksumSeed) != 0 ? static_cast<std::uint32_t>(get_number(super, 0x270, 4))
                                                    : crc32c(~0U, std::string_view(super).substr(104, 16));
        if (inode_size_ < 2 * kSmallInode || inodes_per_group_ == 0) { return not_ours("small inodes"); }
        return {};
    }

    Status settle(std::int64_t date) {
        const auto groups = (inodes_ + inodes_per_group_ - 1) / inodes_per_group_;
        INGOT_ASSIGN(const auto descriptors, read((first_block_ + 1) * block_, groups * descriptor_size_), "");
        for (std::uint64_t group = 0; group < groups; ++group) {
            INGOT_TRY(settle_group(descriptors.substr(group * descriptor_size_, descriptor_size_), group, date), "");
        }
        return {};
    }

  private:
    Status settle_group(const std::string& descriptor, std::uint64_t group, std::int64_t date) {
        if ((get_number(descriptor, 0x12, 2) & kUnused) != 0) { return {}; }
        auto table = get_number(descriptor, 8, 4);
        auto unused = get_number(descriptor, 0x1C, 2);
        if (descriptor_size_ >= 64) {
            table |= get_number(descriptor, 0x28, 4) << 32U;
            unused |= get_number(descriptor, 0x32, 2) << 16U;
        }
        const auto used = inodes_per_group_ - std::min(unused, inodes_per_group_);
        if (used == 0) { return {}; }
        INGOT_ASSIGN(auto bytes, read(table * block_, used * inode_size_), "");
        for (std::uint64_t index = 0; index < used; ++index) {
            auto inode = bytes.substr(index * inode_size_, inode_size_);
            const bool free = get_number(inode, 0, 2) == 0 && get_number(inode, 26, 2) == 0;
            if (free) { continue; }
            settle_inode(inode, group * inodes_per_group_ + index + 1, date);
            disk::put_bytes(bytes, index * inode_size_, inode);
        }
        return write(table * block_, bytes);
    }

    void settle_inode(std::string& inode, std::uint64_t number, std::int64_t date) const {
        constexpr std::size_t kChecksumLow = 124;
        constexpr std::size_t kChecksumHigh = 130;
        const auto modified = std::min(time_at(inode, 16, 136), date);
        put_time(inode, 8, 140, date);      // atime
        put_time(inode, 12, 132, date);     // ctime
        put_time(inode, 16, 136, modified); // mtime
        put_time(inode, 144, 148, date);    // crtime
        if (!checksums_) { return; }
        put_number(inode, kChecksumLow, 0, 2);
        put_number(inode, kChecksumHigh, 0, 2);
        auto crc = crc32c(seed_, little(number));
        crc = crc32c(crc, std::string_view(inode).substr(100, 4)); // generation
        crc = crc32c(crc, inode);
        put_number(inode, kChecksumLow, crc & 0xFFFFU, 2);
        put_number(inode, kChecksumHigh, crc >> 16U, 2);
    }

    Result<std::string> read(std::uint64_t at, std::uint64_t size) {
        std::string bytes(size, '\0');
        for (std::size_t done = 0; done < size;) {
            const auto got =
                ::pread(file_.get(), bytes.data() + done, size - done, static_cast<off_t>(offset_ + at + done));
            if (got < 0) { return fail_errno(errno, "reading the root filesystem"); }
            if (got == 0) { return not_ours("it ends too early"); }
            done += static_cast<std::size_t>(got);
        }
        return bytes;
    }
    Status write(std::uint64_t at, std::string_view bytes) {
        for (std::size_t done = 0; done < bytes.size();) {
            const auto put = ::pwrite(file_.get(), bytes.data() + done, bytes.size() - done,
                                      static_cast<off_t>(offset_ + at + done));
            if (put < 0) { return fail_errno(errno, "dating the root filesystem"); }
            done += static_cast<std::size_t>(put);
        }
        return {};
    }

    files::Fd file_;
    std::uint64_t offset_;
    std::uint64_t block_ = 0;
    std::uint64_t inodes_ = 0;
    std::uint64_t inodes_per_group_ = 0;
    std::uint64_t inode_size_ = 0;
    std::uint64_t descriptor_size_ = 0;
    std::uint64_t first_block_ = 0;
    bool checksums_ = false;
    std::uint32_t seed_ = 0;
};

} // namespace

Status settle_ext4_times(const fs::path& file, std::uint64_t offset, std::int64_t date) {
    files::Fd fd(::open(file.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.valid()) { return fail_errno(errno, "opening " + file.string()); }
    Ext4 filesystem(std::move(fd), offset);
    INGOT_TRY(filesystem.open(), "");
    return filesystem.settle(date);
}

} // namespace ingot::builder::artefacts
