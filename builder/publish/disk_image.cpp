#include "builder/publish/disk_image.hpp"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/artefacts/pieces.hpp"
#include "common/compress/compress.hpp"
#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::publish {

namespace {

/// Ours make 4 MiB each. Larger ones than this would not fit into the memory of many at once.
constexpr std::uint64_t kLargestContent = 16ULL << 20U;
constexpr std::uint64_t kLargestFrame = kLargestContent + (1ULL << 20U);
constexpr std::uint64_t kSector = 512;

bool is_zero(std::string_view bytes) {
    return bytes.empty() || (bytes[0] == '\0' && bytes.substr(1) == bytes.substr(0, bytes.size() - 1));
}

} // namespace

Result<std::string> DiskImage::read(std::uint64_t offset, std::uint64_t count) const {
    std::string bytes(count, '\0');
    for (std::size_t done = 0; done < count;) {
        const auto got = ::pread(fd_.get(), bytes.data() + done, count - done, static_cast<off_t>(offset + done));
        if (got < 0 && errno == EINTR) { continue; }
        if (got < 0) { return fail_errno(errno, "reading " + path_); }
        if (got == 0) { return fail(ErrorKind::refused, path_ + " became shorter while it was read"); }
        done += static_cast<std::size_t>(got);
    }
    return bytes;
}

/// Fills in where the frames are; returns the SHA-256 of the file.
Result<std::string> DiskImage::find_frames(std::uint64_t file_size, const Stop& stop) {
    crypto::Sha256 digest;
    std::uint64_t disk_offset = 0;
    for (std::uint64_t at = 0; at < file_size;) {
        INGOT_TRY(stop.check(), "");
        INGOT_ASSIGN(const auto window, read(at, std::min(kLargestFrame, file_size - at)), "");
        std::string_view rest = window;
        std::uint64_t used = 0;
        while (!rest.empty()) {
            const auto frame = compress::first_frame(rest);
            if (!frame && used > 0) { break; } // not whole in this window
            if (!frame || frame->content > kLargestContent) {
                return fail(
                    ErrorKind::invalid_input,
                    text::format("{}: at byte {} there is no zstd frame of at most {} of content. Images that "
                                 "`ingot build` makes have such frames; another tool's have to be built again",
                                 path_, at + used, text::human_bytes(kLargestContent)));
            }
            if (frame->content > 0) {
                frames_.push_back({.file_offset = at + used,
                                   .file_size = frame->compressed,
                                   .disk_offset = disk_offset,
                                   .disk_size = frame->content});
            }
            disk_offset += frame->content;
            used += frame->compressed;
            rest.remove_prefix(frame->compressed);
        }
        digest.update(std::string_view(window).substr(0, used));
        at += used;
    }
    if (disk_offset == 0 || disk_offset % kSector != 0) {
        return fail(ErrorKind::invalid_input,
                    text::format("{} makes {} bytes, which is no disk", path_, disk_offset));
    }
    return digest.finish_hex();
}

Status DiskImage::look_into_frames(const Stop& stop) {
    struct Seen {
        std::string sha256;
        bool zero = false;
    };
    auto next = frames_.begin();
    return artefacts::in_order(
        frames_.size(),
        [&](std::uint64_t index) -> Result<Seen> {
            INGOT_TRY(stop.check(), "");
            const auto& frame = frames_.at(index);
            INGOT_ASSIGN(const auto bytes, read(frame.file_offset, frame.file_size), "");
            INGOT_ASSIGN(const auto content, compress::unzstd_frame(bytes, kLargestContent), "reading " + path_);
            return Seen{.sha256 = crypto::sha256_hex(content), .zero = is_zero(content)};
        },
        [&](Seen seen) -> Status {
            next->sha256 = std::move(seen.sha256);
            next->zero = seen.zero;
            ++next;
            return {};
        });
}

Result<DiskImage> DiskImage::open(const Image& image, const Stop& stop) {
    INGOT_ASSIGN(const auto entry, file_of(image, kDiskFile), "");
    const auto path = (image.folder / kDiskFile).string();
    files::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status{};
    if (!fd.valid() || ::fstat(fd.get(), &status) != 0) { return fail_errno(errno, "opening " + path); }
    const auto size = static_cast<std::uint64_t>(status.st_size);
    if (size != entry.size) {
        return fail(ErrorKind::refused,
                    text::format("{} has {} bytes, but its manifest says {}", path, size, entry.size));
    }
    DiskImage disk(std::move(fd), path);
    INGOT_ASSIGN(const auto digest, disk.find_frames(size, stop), "");
    if (digest != entry.sha256) {
        return fail(ErrorKind::refused,
                    text::format("{} was changed after it was built: its SHA-256 is {}, but its manifest says {}",
                                 path, digest, entry.sha256));
    }
    INGOT_TRY(disk.look_into_frames(stop), "");
    return disk;
}

} // namespace ingot::builder::publish
