// A root tree while it is being changed: the layers below, and an empty one on top that takes all changes.
#pragma once

#include <filesystem>
#include <vector>

#include "builder/rootfs/mounts.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

class WorkingRoot {
  public:
    /// Mounts in `workspace` (an empty folder of the cache). `lowers` topmost first; may be empty.
    /// `debs`, if not empty, is seen in the tree under kDebs.
    static Result<WorkingRoot> open(const std::filesystem::path& workspace,
                                    const std::vector<std::filesystem::path>& lowers,
                                    const std::filesystem::path& debs = {});

    /// Where packages lie inside the tree: on the tmpfs at /run, so nothing of it stays.
    static constexpr const char* kDebs = "/run/ingot-packages";

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Unmounts everything and returns the folder that holds just this layer's changes.
    Result<std::filesystem::path> close();

  private:
    WorkingRoot(std::filesystem::path path, std::filesystem::path upper)
        : path_(std::move(path)), upper_(std::move(upper)) {}
    Status mount_support(const std::filesystem::path& debs);

    std::filesystem::path path_;
    std::filesystem::path upper_;
    std::vector<Mount> mounts_; ///< in order of mounting; undone from the back
};

} // namespace ingot::builder::rootfs
