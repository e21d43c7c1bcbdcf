#include "installer/write/target.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <new>

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/text/text.hpp"

// NOLINTBEGIN(cppcoreguidelines-pro-type-vararg): open and ioctl are so
namespace ingot::installer {

namespace {

constexpr std::size_t kAlignment = 4096;
constexpr std::size_t kZeros = 1U << 20U;

/// A disk that fails does not get better by asking again.
Error broken(int problem, const std::string& doing) {
    auto error = fail_errno(problem, doing);
    error.kind = ErrorKind::tool_failed;
    return error;
}

Status put(int fd, std::uint64_t offset, std::span<const char> bytes, const std::filesystem::path& path) {
    while (!bytes.empty()) {
        const auto written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) { continue; }
        if (written <= 0) {
            return broken(written < 0 ? errno : EIO, text::format("writing {} at byte {}", path.string(), offset));
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return {};
}

Result<std::uint64_t> size_of_device(int fd, const std::filesystem::path& path) {
    std::uint64_t size = 0;
    if (::ioctl(fd, BLKGETSIZE64, &size) != 0) { return broken(errno, "asking for the size of " + path.string()); }
    return size;
}

Result<std::uint64_t> grow_file(int fd, std::uint64_t size, const std::filesystem::path& path) {
    struct stat status{};
    if (::fstat(fd, &status) != 0) { return broken(errno, path.string()); }
    const auto has = static_cast<std::uint64_t>(status.st_size);
    if (has >= size) { return has; }
    if (::ftruncate(fd, static_cast<off_t>(size)) != 0) { return broken(errno, path.string()); }
    return size;
}

} // namespace

AlignedBuffer::AlignedBuffer(std::size_t size)
    : size_(size),
      memory_(static_cast<char*>(std::aligned_alloc(kAlignment, (size + kAlignment - 1) / kAlignment * kAlignment))) {
    if (!memory_) { throw std::bad_alloc(); }
}

void AlignedBuffer::Free::operator()(char* memory) const { std::free(memory); } // NOLINT: of aligned_alloc

Result<Target> Target::open(const std::filesystem::path& path, std::uint64_t size) {
    struct stat status{};
    const bool block = ::stat(path.c_str(), &status) == 0 && S_ISBLK(status.st_mode);
    // With O_EXCL a block device is opened only if nothing is mounted from it, and nothing else holds it.
    files::Fd plain(::open(path.c_str(), O_RDWR | O_CLOEXEC | (block ? O_EXCL : O_CREAT), 0600));
    if (!plain.valid()) {
        if (errno == EBUSY) { return fail(ErrorKind::refused, path.string() + " is in use"); }
        return broken(errno, "opening " + path.string());
    }
    INGOT_ASSIGN(const auto has, block ? size_of_device(plain.get(), path) : grow_file(plain.get(), size, path), "");
    if (has < size) { return fail(ErrorKind::refused, path.string() + " is smaller than the image"); }
    files::Fd direct(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_DIRECT));
    return Target(path, std::move(plain), std::move(direct), has, block);
}

Status Target::write_direct(std::uint64_t offset, std::span<const char> bytes) const {
    return put(direct_.valid() ? direct_.get() : plain_.get(), offset, bytes, path_);
}

Status Target::write(std::uint64_t offset, std::string_view bytes) const {
    return put(plain_.get(), offset, bytes, path_);
}

Status Target::read(std::uint64_t offset, std::span<char> into) const {
    const int fd = direct_.valid() ? direct_.get() : plain_.get();
    while (!into.empty()) {
        const auto got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) { continue; }
        if (got <= 0) {
            return broken(got < 0 ? errno : EIO, text::format("reading {} at byte {}", path_.string(), offset));
        }
        into = into.subspan(static_cast<std::size_t>(got));
        offset += static_cast<std::uint64_t>(got);
    }
    return {};
}

Status Target::zero(std::uint64_t offset, std::uint64_t length) const {
    if (length == 0) { return {}; }
    if (block_) {
        std::array<std::uint64_t, 2> range = {offset, length};
        if (::ioctl(plain_.get(), BLKZEROOUT, range.data()) == 0) { return {}; }
    } else if (::fallocate(plain_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                           static_cast<off_t>(length)) == 0) {
        return {};
    }
    AlignedBuffer zeros(kZeros);
    std::ranges::fill(zeros.bytes(), '\0');
    for (std::uint64_t done = 0; done < length;) {
        const auto part = std::min<std::uint64_t>(length - done, kZeros);
        INGOT_TRY(put(plain_.get(), offset + done, zeros.bytes().first(part), path_), "");
        done += part;
    }
    return {};
}

void Target::discard() const {
    if (!block_) { return; }
    std::array<std::uint64_t, 2> range = {0, size_};
    // Not every device can, and nothing is built on what it then reads as.
    static_cast<void>(::ioctl(plain_.get(), BLKDISCARD, range.data()));
}

Status Target::sync() const {
    if (::fsync(plain_.get()) != 0) { return broken(errno, "writing " + path_.string() + " to the disk itself"); }
    return {};
}

void Target::reread_partitions() const {
    if (block_) { static_cast<void>(::ioctl(plain_.get(), BLKRRPART)); }
}

} // namespace ingot::installer
// NOLINTEND(cppcoreguidelines-pro-type-vararg)
