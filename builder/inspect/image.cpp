#include "builder/inspect/image.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "builder/inspect/dpkg.hpp"
#include "builder/inspect/squashfs.hpp"
#include "builder/inspect/system.hpp"
#include "builder/inspect/tar_listing.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

namespace fs = std::filesystem;

constexpr std::array kRootFiles = {"root.squashfs", "root.tar.zst", "root.tar"};

/// A file in memory as long as the object lives.
class MappedFile {
  public:
    static Result<MappedFile> open(const fs::path& path) {
        const files::Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
        std::error_code problem;
        const auto size = fs::file_size(path, problem);
        if (!fd.valid() || problem) {
            return fail_errno(fd.valid() ? problem.value() : errno, "opening " + path.string());
        }
        if (size == 0) { return fail(ErrorKind::invalid_input, path.string() + " is empty"); }
        void* const bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd.get(), 0);
        if (bytes == MAP_FAILED) { return fail_errno(errno, "reading " + path.string()); }
        return MappedFile(bytes, size);
    }
    MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, nullptr)), size_(other.size_) {}
    MappedFile& operator=(MappedFile&&) = delete;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile() {
        if (bytes_ != nullptr) { ::munmap(bytes_, size_); }
    }
    [[nodiscard]] std::string_view bytes() const { return {static_cast<const char*>(bytes_), size_}; }

  private:
    MappedFile(void* bytes, std::size_t size) : bytes_(bytes), size_(size) {}
    void* bytes_;
    std::size_t size_;
};

Result<fs::path> root_file_of(const fs::path& path) {
    std::error_code problem;
    const auto status = fs::status(path, problem);
    if (!fs::exists(status)) { return fail(ErrorKind::not_found, "there is no " + path.string()); }
    const auto name = path.filename().string();
    if (!fs::is_directory(status) && (name.ends_with(".squashfs") || name.find(".tar") != std::string::npos)) {
        return path;
    }
    const auto folder = fs::is_directory(status) ? path : fs::absolute(path).parent_path();
    for (const auto* file : kRootFiles) {
        if (files::exists(folder / file)) { return folder / file; }
    }
    return fail(ErrorKind::not_found,
                text::format("{} has neither root.squashfs nor root.tar.zst, which are what can be "
                             "looked into; name the format squashfs or tar in the role",
                             folder.string()));
}

bool is_wanted(std::string_view path) { return is_dpkg_file(path) || is_system_file(path) || path == kOverlayList; }

} // namespace

Result<Image> read_image(const fs::path& path, bool digests) {
    INGOT_ASSIGN(auto root_file, root_file_of(path), "");
    Image image{.folder = root_file.parent_path(), .root_file = root_file};
    const Reading reading{.wanted = is_wanted, .digests = digests};
    if (root_file.extension() == ".squashfs") {
        INGOT_ASSIGN(const auto file, MappedFile::open(root_file), "");
        INGOT_ASSIGN(image.listing, read_squashfs(file.bytes(), reading), "reading " + root_file.string());
    } else {
        INGOT_ASSIGN(image.listing, read_tar_listing(root_file, reading), "");
    }
    const auto text = files::read(image.folder / "manifest.json");
    if (!text) { return image; }
    INGOT_ASSIGN(image.manifest, artefacts::parse_manifest(*text),
                 "reading " + (image.folder / "manifest.json").string());
    return image;
}

} // namespace ingot::builder::inspect
