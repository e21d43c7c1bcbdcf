// The disk that is written, or a file that stands for one.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/files/files.hpp"
#include "common/result/result.hpp"

namespace ingot::installer {

/// Memory that the kernel can hand to a disk as it is.
class AlignedBuffer {
  public:
    explicit AlignedBuffer(std::size_t size);
    [[nodiscard]] std::span<char> bytes() { return {memory_.get(), size_}; }

  private:
    struct Free {
        void operator()(char* memory) const;
    };
    std::size_t size_;
    std::unique_ptr<char, Free> memory_;
};

class Target {
  public:
    /// Opens it for itself alone; refused if somebody else uses it. A file is made longer if it is shorter than
    /// `size`.
    static Result<Target> open(const std::filesystem::path& path, std::uint64_t size);

    /// Past the page cache where that works; offset, length and memory are multiples of 512. Any thread.
    [[nodiscard]] Status write_direct(std::uint64_t offset, std::span<const char> bytes) const;
    /// Anything anywhere, by the page cache; on disk after sync().
    [[nodiscard]] Status write(std::uint64_t offset, std::string_view bytes) const;
    [[nodiscard]] Status read(std::uint64_t offset, std::span<char> into) const;
    /// Makes a range read as zeros, by the device's own means where it has them.
    [[nodiscard]] Status zero(std::uint64_t offset, std::uint64_t length) const;
    /// Tells the device that nothing on it is needed. What it cannot, it leaves.
    void discard() const;
    [[nodiscard]] Status sync() const;
    /// The kernel looks at the partition table again; what it cannot see now it sees after a restart.
    void reread_partitions() const;
    [[nodiscard]] std::uint64_t size() const { return size_; }

  private:
    Target(std::filesystem::path path, files::Fd plain, files::Fd direct, std::uint64_t size, bool block)
        : path_(std::move(path)), plain_(std::move(plain)), direct_(std::move(direct)), size_(size), block_(block) {}
    std::filesystem::path path_;
    files::Fd plain_;
    files::Fd direct_;
    std::uint64_t size_;
    bool block_;
};

} // namespace ingot::installer
