// Mounts that end with the object that made them.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

class Mount {
  public:
    static Result<Mount> tmpfs(const std::filesystem::path& target, const std::string& options);
    static Result<Mount> bind(const std::filesystem::path& source, const std::filesystem::path& target);
    /// `lowers` topmost first. Without fsync (volatile): a layer that a power cut interrupts is thrown away anyway.
    static Result<Mount> overlay(const std::vector<std::filesystem::path>& lowers, const std::filesystem::path& upper,
                                 const std::filesystem::path& work, const std::filesystem::path& target);
    /// The layers as one tree that nobody can change. `lowers` topmost first.
    static Result<Mount> view(const std::vector<std::filesystem::path>& lowers, const std::filesystem::path& target);

    Mount(Mount&& other) noexcept : target_(std::exchange(other.target_, {})) {}
    Mount& operator=(Mount&&) = delete;
    Mount(const Mount&) = delete;
    Mount& operator=(const Mount&) = delete;
    ~Mount();

    /// Unmounts now; unlike the destructor it says when that fails.
    Status end();
    [[nodiscard]] const std::filesystem::path& target() const { return target_; }

  private:
    explicit Mount(std::filesystem::path target) : target_(std::move(target)) {}
    std::filesystem::path target_;
};

} // namespace ingot::builder::rootfs
