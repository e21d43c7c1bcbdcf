// Bytes of a block device or an image file, by their place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::firstboot::media {

/// What is read of a file system of any kind; user-data is far smaller.
inline constexpr std::size_t kLargestFolder = std::size_t{1} << 20U;
inline constexpr std::size_t kLargestFile = std::size_t{16} << 20U;

class Blocks {
  public:
    virtual ~Blocks() = default;
    /// Exactly `length` bytes at `offset`; invalid_input if the device ends before.
    [[nodiscard]] virtual Result<std::string> read(std::uint64_t offset, std::size_t length) const = 0;
};

/// A device or file. Never waits for a medium: an empty drive is an error at once.
Result<std::unique_ptr<Blocks>> open_blocks(const std::filesystem::path& path);

/// Little-endian numbers out of bytes that were read; 0 behind the end.
std::uint32_t number_at(std::string_view bytes, std::size_t offset, std::size_t width);

} // namespace ingot::firstboot::media
