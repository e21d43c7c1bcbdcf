// Tar of a root tree. libarchive's disk reader fills the entries (owner, xattrs, ACLs, device numbers,
// sparse maps left out), its link resolver finds hard links, and names are visited in byte order.
#include "common/archive/archive.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/archive/handles.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::archive {

namespace fs = std::filesystem;

namespace {

struct FreeWriter {
    void operator()(::archive* handle) const noexcept { archive_write_free(handle); }
};
struct FreeEntry {
    void operator()(archive_entry* entry) const noexcept { archive_entry_free(entry); }
};
struct FreeResolver {
    void operator()(archive_entry_linkresolver* resolver) const noexcept {
        archive_entry_linkresolver_free(resolver);
    }
};
using Writer = std::unique_ptr<::archive, FreeWriter>;
using Entry = std::unique_ptr<archive_entry, FreeEntry>;
using Resolver = std::unique_ptr<archive_entry_linkresolver, FreeResolver>;

Error archive_error(::archive* handle, const fs::path& path) {
    const char* const said = archive_error_string(handle);
    auto error = fail_errno(archive_errno(handle), "archiving " + path.string());
    error.message = "archiving " + path.string() + ": " + (said == nullptr ? "unknown error" : said);
    return error;
}

/// All paths below a directory, relative, parents before children, in byte order.
Result<std::vector<fs::path>> walk(const fs::path& directory) {
    std::vector<fs::path> paths;
    std::error_code error;
    fs::recursive_directory_iterator entry(directory, fs::directory_options::none, error);
    for (const fs::recursive_directory_iterator end; !error && entry != end; entry.increment(error)) {
        paths.push_back(entry->path().lexically_relative(directory));
    }
    if (error) { return fail_errno(error.value(), "listing " + directory.string()); }
    std::ranges::sort(paths);
    return paths;
}

/// One tar under construction.
class TarWriter {
  public:
    TarWriter(const fs::path& directory, const TarOptions& options) : directory_(directory), options_(options) {}

    Status open(const fs::path& file) {
        archive_write_set_format_pax_restricted(writer_.get());
        if (options_.compression == Compression::gzip) { archive_write_add_filter_gzip(writer_.get()); }
        if (options_.compression == Compression::zstd) { archive_write_add_filter_zstd(writer_.get()); }
        if (options_.compression != Compression::none &&
            archive_write_set_filter_option(writer_.get(), nullptr, "compression-level",
                                            std::to_string(options_.level).c_str()) != ARCHIVE_OK) {
            return archive_error(writer_.get(), file);
        }
        if (archive_write_open_filename(writer_.get(), file.c_str()) != ARCHIVE_OK) {
            return archive_error(writer_.get(), file);
        }
        archive_read_disk_set_behavior(reader_.get(), ARCHIVE_READDISK_NO_TRAVERSE_MOUNTS);
        archive_entry_linkresolver_set_strategy(resolver_.get(), archive_format(writer_.get()));
        return {};
    }

    Status add(const fs::path& relative) {
        const auto path = directory_ / relative;
        struct stat status{};
        if (::lstat(path.c_str(), &status) != 0) { return fail_errno(errno, "archiving " + path.string()); }
        if (S_ISSOCK(status.st_mode)) { return {}; } // tar has no sockets
        Entry entry(archive_entry_new2(writer_.get()));
        archive_entry_copy_sourcepath(entry.get(), path.c_str());
        archive_entry_copy_pathname(entry.get(), relative.c_str());
        if (archive_read_disk_entry_from_file(reader_.get(), entry.get(), -1, &status) < ARCHIVE_WARN) {
            return archive_error(reader_.get(), path);
        }
        archive_entry_copy_pathname(entry.get(), relative.c_str());
        archive_entry_sparse_clear(entry.get());
        archive_entry_unset_atime(entry.get());
        archive_entry_unset_ctime(entry.get());
        archive_entry_unset_birthtime(entry.get());
        archive_entry_set_uname(entry.get(), "");
        archive_entry_set_gname(entry.get(), "");
        std::int64_t modified = status.st_mtim.tv_sec;
        if (options_.clamp_mtime) { modified = std::min(modified, *options_.clamp_mtime); }
        archive_entry_set_mtime(entry.get(), modified, 0);

        archive_entry* first = entry.release();
        archive_entry* second = nullptr;
        archive_entry_linkify(resolver_.get(), &first, &second);
        const Entry owned(first);
        const Entry deferred(second);
        if (!owned) { return {}; }
        return write(owned.get(), path);
    }

    Result<std::uint64_t> finish(const fs::path& file) {
        if (archive_write_close(writer_.get()) != ARCHIVE_OK) { return archive_error(writer_.get(), file); }
        return count_;
    }

  private:
    Status write(archive_entry* entry, const fs::path& path) {
        if (archive_write_header(writer_.get(), entry) < ARCHIVE_WARN) { return archive_error(writer_.get(), path); }
        ++count_;
        if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry) != nullptr) { return {}; }
        const files::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
        if (!file.valid()) { return fail_errno(errno, "opening " + path.string()); }
        while (true) {
            const auto got = ::read(file.get(), buffer_.data(), buffer_.size());
            if (got < 0) { return fail_errno(errno, "reading " + path.string()); }
            if (got == 0) { return {}; }
            if (archive_write_data(writer_.get(), buffer_.data(), static_cast<std::size_t>(got)) != got) {
                return archive_error(writer_.get(), path);
            }
        }
    }

    fs::path directory_;
    TarOptions options_;
    Writer writer_{archive_write_new()};
    Reader reader_{archive_read_disk_new()};
    Resolver resolver_{archive_entry_linkresolver_new()};
    std::vector<char> buffer_ = std::vector<char>(256U << 10U);
    std::uint64_t count_ = 0;
};

} // namespace

Result<std::uint64_t> write_tar(const fs::path& directory, const fs::path& file, const TarOptions& options) {
    INGOT_ASSIGN(const auto paths, walk(directory), "");
    TarWriter writer(directory, options);
    INGOT_TRY(writer.open(file), "");
    for (const auto& path : paths) { INGOT_TRY(writer.add(path), ""); }
    return writer.finish(file);
}

} // namespace ingot::archive
