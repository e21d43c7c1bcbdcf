// A stretch of a file, decompressed: libarchive's filters behind its "raw" format.
#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <unistd.h>

#include "common/archive/archive.hpp"
#include "common/archive/handles.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::archive {

namespace {

/// What libarchive reads from.
struct Stretch {
    files::Fd file;
    std::uint64_t position = 0;
    std::uint64_t left = 0;
    std::vector<char> buffer = std::vector<char>(256U << 10U);
};

la_ssize_t read_more(::archive* handle, void* data, const void** buffer) {
    auto& stretch = *static_cast<Stretch*>(data);
    const auto wished = std::min<std::uint64_t>(stretch.left, stretch.buffer.size());
    const auto got = wished == 0 ? 0
                                 : ::pread(stretch.file.get(), stretch.buffer.data(), wished,
                                           static_cast<off_t>(stretch.position));
    if (got < 0 || (got == 0 && wished != 0)) {
        archive_set_error(handle, got < 0 ? errno : EIO, "%s", got < 0 ? "reading failed" : "the file is too short");
        return ARCHIVE_FATAL;
    }
    stretch.position += static_cast<std::uint64_t>(got);
    stretch.left -= static_cast<std::uint64_t>(got);
    *buffer = stretch.buffer.data();
    return got;
}

Status write_all(int output, const char* bytes, std::size_t count) {
    while (count > 0) {
        const auto written = ::write(output, bytes, count);
        if (written < 0 && errno == EINTR) { continue; }
        if (written < 0) { return fail_errno(errno, "writing decompressed data"); }
        bytes += written;
        count -= static_cast<std::size_t>(written);
    }
    return {};
}

} // namespace

Result<std::uint64_t> decompress(const std::filesystem::path& file, std::uint64_t offset, std::uint64_t size,
                                 int output) {
    Stretch stretch{.file = files::Fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC)), .position = offset, .left = size};
    if (!stretch.file.valid()) { return fail_errno(errno, "opening " + file.string()); }
    const Reader reader(archive_read_new());
    const auto failure = [&] {
        const char* const said = archive_error_string(reader.get());
        return fail(ErrorKind::invalid_input,
                    text::format("decompressing {}: {}", file.string(), said == nullptr ? "unknown error" : said));
    };
    archive_read_support_format_raw(reader.get());
    for (const auto support : {archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
                               archive_read_support_filter_xz, archive_read_support_filter_zstd}) {
        if (support(reader.get()) != ARCHIVE_OK) { return failure(); }
    }
    archive_entry* entry = nullptr;
    if (archive_read_open(reader.get(), &stretch, nullptr, read_more, nullptr) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK) {
        return failure();
    }
    std::vector<char> buffer(256U << 10U);
    std::uint64_t total = 0;
    while (true) {
        const auto got = archive_read_data(reader.get(), buffer.data(), buffer.size());
        if (got < 0) { return failure(); }
        if (got == 0) { return total; }
        INGOT_TRY(write_all(output, buffer.data(), static_cast<std::size_t>(got)), "");
        total += static_cast<std::uint64_t>(got);
    }
}

} // namespace ingot::archive
