// SHA-256 of large files that are asked for again and again: hashed once, then remembered as long as the file's
// size, times and inode stay. Every write changes the ctime, which nobody can set. Only for saving work: who wants to
// know whether an image is sound (`ingot verify`) reads it.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

class KnownDigests {
  public:
    explicit KnownDigests(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// 64 hex digits; remembered, or hashed now.
    [[nodiscard]] Result<std::string> sha256(const std::filesystem::path& file) const;
    /// Notes what the writer of a file knows.
    Status remember(const std::filesystem::path& file, std::string_view digest) const;
    /// Forgets what nobody asked for in `age`.
    [[nodiscard]] Status prune(std::chrono::hours age) const;

  private:
    std::filesystem::path folder_;
};

} // namespace ingot::builder::artefacts
