#include "builder/inspect/tar_listing.hpp"

#include <algorithm>
#include <system_error>

#include <sys/stat.h>

#include "common/archive/reading.hpp"
#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

constexpr unsigned kPermissions = 07777;

std::string absolute(std::string_view path) {
    while (path.starts_with("./")) { path.remove_prefix(2); }
    while (path.starts_with("/")) { path.remove_prefix(1); }
    while (path.ends_with("/")) { path.remove_suffix(1); }
    return path == "." ? "/" : "/" + std::string(path);
}

Kind kind_of(mode_t mode) {
    if (S_ISREG(mode)) { return Kind::file; }
    if (S_ISDIR(mode)) { return Kind::directory; }
    if (S_ISLNK(mode)) { return Kind::link; }
    return S_ISCHR(mode) || S_ISBLK(mode) ? Kind::device : Kind::other;
}

/// Gives the compressed bytes between two known positions to the files that lie there.
class Sharing {
  public:
    void add(std::size_t entry, std::uint64_t size, std::uint64_t position, std::vector<Entry>& entries) {
        if (position != last_) { share(position, entries); }
        open_.push_back(entry);
        weight_ += size;
    }
    void share(std::uint64_t position, std::vector<Entry>& entries) {
        const auto bytes = static_cast<double>(position - last_);
        for (const auto index : open_) {
            const auto part =
                static_cast<double>(entries[index].size) / static_cast<double>(std::max<std::uint64_t>(weight_, 1));
            entries[index].stored = static_cast<std::uint64_t>(bytes * part);
        }
        open_.clear();
        weight_ = 0;
        last_ = position;
    }

  private:
    std::vector<std::size_t> open_{};
    std::uint64_t weight_ = 0;
    std::uint64_t last_ = 0;
};

} // namespace

Result<Listing> read_tar_listing(const std::filesystem::path& file, const Reading& reading) {
    Listing listing;
    auto& entries = listing.entries;
    Sharing sharing;
    std::error_code problem;
    listing.image_size = std::filesystem::file_size(file, problem);
    if (problem) { return fail_errno(problem.value(), "looking at " + file.string()); }
    const auto visit = [&](const archive::TarEntry& found, const archive::Content& content) -> Status {
        Entry entry{.path = absolute(found.path),
                    .kind = found.hard_link.empty() ? kind_of(found.mode) : Kind::file,
                    .mode = found.mode & kPermissions,
                    .uid = static_cast<std::uint64_t>(found.uid),
                    .gid = static_cast<std::uint64_t>(found.gid),
                    .mtime = found.mtime,
                    .target = found.link,
                    .capability = found.capability,
                    .again = !found.hard_link.empty()};
        if (entry.kind == Kind::file && !entry.again) { entry.size = found.size; }
        sharing.add(entries.size(), entry.size, found.position, entries);
        const bool wanted = reading.wanted(entry.path);
        if (entry.kind == Kind::file && !entry.again && (wanted || reading.digests)) {
            crypto::Sha256 digest;
            std::string text;
            INGOT_TRY(content([&](std::string_view piece) {
                          if (reading.digests) { digest.update(piece); }
                          if (wanted) { text += piece; }
                      }),
                      "");
            if (reading.digests) { entry.digest = digest.finish_hex(); }
            if (wanted) { listing.contents.emplace(entry.path, std::move(text)); }
        }
        entries.push_back(std::move(entry));
        return {};
    };
    INGOT_TRY(archive::read_tar(file, visit), "");
    sharing.share(listing.image_size, entries);
    if (entries.empty()) { return fail(ErrorKind::invalid_input, file.string() + " holds no files"); }
    std::ranges::sort(entries, {}, &Entry::path);
    if (entries.front().path != "/") {
        entries.insert(entries.begin(), {.path = "/", .kind = Kind::directory, .mode = 0755});
    }
    listing.packed_as = "tar, " + file.extension().string().substr(1);
    return listing;
}

} // namespace ingot::builder::inspect
