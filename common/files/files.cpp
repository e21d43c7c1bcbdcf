#include "common/files/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files/durable_point.hpp"

namespace ingot::files {

namespace fs = std::filesystem;

namespace {

struct Owner {
    uid_t uid = static_cast<uid_t>(-1);
    gid_t gid = static_cast<gid_t>(-1);

    [[nodiscard]] bool is_of(const struct stat& status) const {
        return (uid == static_cast<uid_t>(-1) || uid == status.st_uid) &&
               (gid == static_cast<gid_t>(-1) || gid == status.st_gid);
    }
};

Result<Owner> resolve(const Ownership& ownership) {
    Owner owner;
    if (ownership.user) {
        const auto* const entry = ::getpwnam(ownership.user->c_str());
        if (entry == nullptr) { return fail(ErrorKind::not_found, "there is no user " + *ownership.user); }
        owner.uid = entry->pw_uid;
        owner.gid = entry->pw_gid;
    }
    if (ownership.group) {
        const auto* const entry = ::getgrnam(ownership.group->c_str());
        if (entry == nullptr) { return fail(ErrorKind::not_found, "there is no group " + *ownership.group); }
        owner.gid = entry->gr_gid;
    }
    return owner;
}

Status write_all(int fd, std::string_view bytes, const fs::path& path) {
    while (!bytes.empty()) {
        const auto written = ::write(fd, bytes.data(), bytes.size());
        if (written < 0) {
            if (errno == EINTR) { continue; }
            return fail_errno(errno, "writing " + path.string());
        }
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return {};
}

/// Missing folders up to this one, 0755 whatever the umask is.
Status make_folders(const fs::path& path) {
    std::vector<fs::path> missing;
    for (auto folder = path; !folder.empty() && !files::exists(folder); folder = folder.parent_path()) {
        missing.push_back(folder);
    }
    constexpr mode_t kOpen = 0755;
    for (auto folder = missing.rbegin(); folder != missing.rend(); ++folder) {
        const bool made = ::mkdir(folder->c_str(), kOpen) == 0;
        if (!made && errno != EEXIST) { return fail_errno(errno, "creating " + folder->string()); }
        if (made && ::chmod(folder->c_str(), kOpen) != 0) {
            return fail_errno(errno, "creating " + folder->string());
        }
    }
    // Something else may stand where a folder should.
    std::error_code error;
    fs::create_directories(path, error);
    if (error) { return fail_errno(error.value(), "creating " + path.string()); }
    return {};
}

Result<Lock> lock_with(const fs::path& path, int operation, auto&& make) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd.valid()) { return fail_errno(errno, "opening lock " + path.string()); }
    while (::flock(fd.get(), operation) != 0) {
        if (errno == EINTR) { continue; }
        if (errno == EWOULDBLOCK) {
            return fail(ErrorKind::transient, path.string() + " is locked by another process");
        }
        return fail_errno(errno, "locking " + path.string());
    }
    return make(std::move(fd));
}

} // namespace

Fd& Fd::operator=(Fd&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = other.release();
    }
    return *this;
}

int Fd::release() noexcept { return std::exchange(fd_, -1); }

void Fd::reset() noexcept {
    if (fd_ >= 0) { ::close(std::exchange(fd_, -1)); }
}

fs::path Root::at(std::string_view absolute) const {
    while (absolute.starts_with('/')) { absolute.remove_prefix(1); }
    return path_ / absolute;
}

AtomicFile::AtomicFile(fs::path path, fs::path temporary, Fd fd)
    : path_(std::move(path)), temporary_(std::move(temporary)), fd_(std::move(fd)) {}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, {})), fd_(std::move(other.fd_)) {}

AtomicFile::~AtomicFile() {
    if (!temporary_.empty()) { ::unlink(temporary_.c_str()); }
}

Result<AtomicFile> AtomicFile::create(const fs::path& path, const Ownership& ownership) {
    INGOT_ASSIGN(const auto owner, resolve(ownership), "writing " + path.string());
    auto name = (path.parent_path() / ("." + path.filename().string() + ".XXXXXX")).string();
    Fd fd(::mkostemp(name.data(), O_CLOEXEC));
    if (!fd.valid()) { return fail_errno(errno, "creating a temporary file beside " + path.string()); }
    AtomicFile file(path, name, std::move(fd));
    // Held until it is closed: says to remove_abandoned() that somebody writes it.
    static_cast<void>(::flock(file.fd(), LOCK_EX | LOCK_NB));
    struct stat status{};
    if (::fstat(file.fd(), &status) != 0) { return fail_errno(errno, "looking at " + name); }
    if (!owner.is_of(status) && ::fchown(file.fd(), owner.uid, owner.gid) != 0) {
        return fail_errno(errno, "setting the owner of " + path.string());
    }
    if (::fchmod(file.fd(), ownership.mode) != 0) {
        return fail_errno(errno, "setting the mode of " + path.string());
    }
    return file;
}

Status AtomicFile::write(std::string_view bytes) { return write_all(fd_.get(), bytes, path_); }

Status AtomicFile::commit() {
    if (::fsync(fd_.get()) != 0) { return fail_errno(errno, "flushing " + path_.string()); }
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
        return fail_errno(errno, "renaming to " + path_.string());
    }
    temporary_.clear();
    fd_.reset();
    INGOT_TRY(sync_directory(path_.parent_path()), "");
    pass_durable_point(path_);
    return {};
}

Result<std::string> read(const fs::path& path, std::uint64_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid()) { return fail_errno(errno, "opening " + path.string()); }
    std::string content;
    std::array<char, 65536> buffer{};
    while (true) {
        const auto count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0) {
            if (errno == EINTR) { continue; }
            return fail_errno(errno, "reading " + path.string());
        }
        if (count == 0) { return content; }
        content.append(buffer.data(), static_cast<std::size_t>(count));
        if (content.size() > limit) {
            return fail(ErrorKind::refused, path.string() + " is larger than " + std::to_string(limit) + " bytes");
        }
    }
}

Result<std::optional<std::string>> read_if_exists(const fs::path& path) {
    auto content = read(path);
    if (content) { return std::optional(*std::move(content)); }
    if (content.error().kind == ErrorKind::not_found) { return std::optional<std::string>(); }
    return std::move(content).error();
}

Status write(const fs::path& path, std::string_view content, const Ownership& ownership) {
    if (path.has_parent_path()) { INGOT_TRY(make_folders(path.parent_path()), ""); }
    INGOT_ASSIGN(auto file, AtomicFile::create(path, ownership), "");
    INGOT_TRY(file.write(content), "");
    return file.commit();
}

Result<bool> write_if_different(const fs::path& path, std::string_view content, const Ownership& ownership) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) {
        INGOT_ASSIGN(const auto owner, resolve(ownership), "writing " + path.string());
        if (owner.is_of(status) && (status.st_mode & 07777U) == ownership.mode) {
            const auto present = read(path);
            if (present && *present == content) { return false; }
        }
    }
    INGOT_TRY(write(path, content, ownership), "");
    return true;
}

Status make_directory(const fs::path& path, const Ownership& ownership) {
    INGOT_TRY(make_folders(path), "");
    return set_ownership(path, ownership);
}

Status set_ownership(const fs::path& path, const Ownership& ownership) {
    INGOT_ASSIGN(const auto owner, resolve(ownership), "setting the owner of " + path.string());
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) { return fail_errno(errno, "setting the owner of " + path.string()); }
    // What is right already is left alone: who may not change owners may still find that nothing has to be.
    const bool same_owner = owner.is_of(status);
    if (!same_owner && ::lchown(path.c_str(), owner.uid, owner.gid) != 0) {
        return fail_errno(errno, "setting the owner of " + path.string());
    }
    const bool same_mode = same_owner && !S_ISLNK(status.st_mode) && (status.st_mode & 07777U) == ownership.mode;
    if (!same_mode && ::chmod(path.c_str(), ownership.mode) != 0) {
        return fail_errno(errno, "setting the mode of " + path.string());
    }
    return {};
}

Status remove_tree(const fs::path& path) {
    std::error_code error;
    fs::remove_all(path, error);
    if (error) { return fail_errno(error.value(), "removing " + path.string()); }
    return {};
}

Status remove_file(const fs::path& path) {
    if (::unlink(path.c_str()) != 0) {
        if (errno == ENOENT) { return {}; }
        return fail_errno(errno, "removing " + path.string());
    }
    INGOT_TRY(sync_directory(path.parent_path()), "");
    pass_durable_point(path);
    return {};
}

bool exists(const fs::path& path) {
    struct stat status{};
    return ::lstat(path.c_str(), &status) == 0;
}

Result<std::vector<std::string>> list(const fs::path& path) {
    std::error_code error;
    std::vector<std::string> names;
    for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
        names.push_back(entry->path().filename().string());
    }
    if (error) { return fail_errno(error.value(), "listing " + path.string()); }
    std::ranges::sort(names);
    return names;
}

Status sync_directory(const fs::path& path) {
    const Fd fd(::open(path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) { return fail_errno(errno, "opening " + path.string()); }
    if (::fsync(fd.get()) != 0) { return fail_errno(errno, "flushing " + path.string()); }
    return {};
}

Result<TempDir> TempDir::create(std::string_view prefix) {
    std::error_code error;
    const auto base = fs::temp_directory_path(error);
    if (error) { return fail_errno(error.value(), "looking for the temporary folder"); }
    auto name = (base / (std::string(prefix) + "XXXXXX")).string();
    if (::mkdtemp(name.data()) == nullptr) { return fail_errno(errno, "creating " + name); }
    return TempDir(name);
}

TempDir::~TempDir() {
    if (path_.empty()) { return; }
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

Result<Lock> Lock::acquire(const fs::path& path) {
    return lock_with(path, LOCK_EX, [](Fd fd) { return Lock(std::move(fd)); });
}

Result<Lock> Lock::try_acquire(const fs::path& path) {
    return lock_with(path, LOCK_EX | LOCK_NB, [](Fd fd) { return Lock(std::move(fd)); });
}

} // namespace ingot::files
