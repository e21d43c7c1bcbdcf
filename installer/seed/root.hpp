// The root filesystem of a disk, mounted by its offset: the kernel need not know the partition table, which is
// written last.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::installer {

enum class Access { read_only, read_write };

/// Mounted as long as it lives.
class MountedRoot {
  public:
    /// `size` 0: to the end of the disk (the partition has grown since). Read-only changes nothing, not even a
    /// journal.
    static Result<MountedRoot> mount(const std::filesystem::path& disk, std::uint64_t offset, std::uint64_t size,
                                     Access access);
    MountedRoot(MountedRoot&& other) noexcept = default;
    MountedRoot& operator=(MountedRoot&&) = delete;
    MountedRoot(const MountedRoot&) = delete;
    MountedRoot& operator=(const MountedRoot&) = delete;
    ~MountedRoot();

    [[nodiscard]] const std::filesystem::path& path() const { return place_; }
    /// Unmounts it; what was written is on the disk then.
    Status end();

  private:
    MountedRoot(files::TempDir folder, files::Fd loop) : folder_(std::move(folder)), loop_(std::move(loop)) {}
    files::TempDir folder_;
    files::Fd loop_;
    std::filesystem::path place_{};
};

} // namespace ingot::installer
