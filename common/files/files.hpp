// Files, the way a program that may lose power at any moment has to treat them.
//
// Every path of the machine goes through a Root, so that a test (or `ingot-agent plan` on a
// workstation) can give a directory in place of "/". Writing is atomic: a temporary file with its
// mode and owner set before the first byte arrives, fsync, rename, fsync of the folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "common/result/result.hpp"

namespace ingot::files {

/// A file descriptor that is closed exactly once. Move-only.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(other.release()) {}
    Fd& operator=(Fd&& other) noexcept;
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    [[nodiscard]] bool valid() const noexcept { return fd_ >= 0; }
    [[nodiscard]] int get() const noexcept { return fd_; }
    /// Gives the descriptor away; this object is empty afterwards.
    [[nodiscard]] int release() noexcept;
    /// Closes now. Closing an empty one does nothing.
    void reset() noexcept;

  private:
    int fd_ = -1;
};

/// The directory that stands for "/" of the machine that is looked at or changed.
class Root {
  public:
    Root() : path_("/") {}
    explicit Root(std::filesystem::path path) : path_(std::move(path)) {}
    /// The real path of an absolute path of the machine: at("/etc/hosts").
    [[nodiscard]] std::filesystem::path at(std::string_view absolute) const;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// True for the running machine itself.
    [[nodiscard]] bool is_system() const { return path_ == "/"; }

  private:
    std::filesystem::path path_;
};

/// Mode and owner of a file that is written. Names are looked up on the running machine.
struct Ownership {
    mode_t mode = 0644;
    std::optional<std::string> user{};  ///< keeps the caller's when absent
    std::optional<std::string> group{}; ///< keeps the caller's (or the user's own) when absent
};

/// A new content for one path. Nothing is visible under that path until commit(); destroying an
/// uncommitted one removes the temporary file.
class AtomicFile {
  public:
    /// Creates the temporary file beside `path` (parents must exist). Fails if that is impossible.
    static Result<AtomicFile> create(const std::filesystem::path& path, const Ownership& ownership = {});
    AtomicFile(AtomicFile&& other) noexcept;
    AtomicFile& operator=(AtomicFile&&) = delete;
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;
    ~AtomicFile();

    Status write(std::string_view bytes);
    /// Makes the content durable and visible: fsync, rename, fsync of the folder.
    Status commit();
    /// The descriptor to write to, for code that streams.
    [[nodiscard]] int fd() const { return fd_.get(); }

  private:
    AtomicFile(std::filesystem::path path, std::filesystem::path temporary, Fd fd);
    std::filesystem::path path_;
    std::filesystem::path temporary_;
    Fd fd_;
};

/// The whole content. not_found if there is no such file; refused if it is larger than `limit` bytes.
Result<std::string> read(const std::filesystem::path& path, std::uint64_t limit = 64ULL << 20);
/// Like read(), but a missing file is an empty optional.
Result<std::optional<std::string>> read_if_exists(const std::filesystem::path& path);
/// Replaces or creates a file atomically and durably; makes missing parent folders (0755).
Status write(const std::filesystem::path& path, std::string_view content, const Ownership& ownership = {});
/// Like write(), but leaves a file alone that already has this content, mode and owner.
/// Returns true if it changed something.
Result<bool> write_if_different(const std::filesystem::path& path, std::string_view content,
                                const Ownership& ownership = {});
/// Makes a folder with all its parents; sets mode and owner of the last one.
Status make_directory(const std::filesystem::path& path, const Ownership& ownership = {.mode = 0755});
/// Removes a file or a whole tree, without following links. Nothing there is success.
Status remove_tree(const std::filesystem::path& path);
/// Removes one file and makes that durable. Nothing there is success.
Status remove_file(const std::filesystem::path& path);
/// True if something is there (a dangling link counts).
bool exists(const std::filesystem::path& path);
/// Names in a folder, sorted, without "." and "..". not_found if there is no such folder.
Result<std::vector<std::string>> list(const std::filesystem::path& path);
/// fsync of a folder, so that renames in it are durable.
Status sync_directory(const std::filesystem::path& path);
/// Sets mode and owner of an existing file.
Status set_ownership(const std::filesystem::path& path, const Ownership& ownership);

/// A folder of its own under the system's temporary folder, removed with all it holds.
class TempDir {
  public:
    static Result<TempDir> create(std::string_view prefix = "ingot-");
    TempDir(TempDir&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    TempDir& operator=(TempDir&&) = delete;
    TempDir(const TempDir&) = delete;
    TempDir& operator=(const TempDir&) = delete;
    ~TempDir();
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    explicit TempDir(std::filesystem::path path) : path_(std::move(path)) {}
    std::filesystem::path path_;
};

/// An advisory lock (flock) on a file, held as long as the object lives.
class Lock {
  public:
    /// Waits for the lock.
    static Result<Lock> acquire(const std::filesystem::path& path);
    /// transient if another process holds it.
    static Result<Lock> try_acquire(const std::filesystem::path& path);

  private:
    explicit Lock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

} // namespace ingot::files
