// Archives (libarchive): tar writing for images, and decompression. Reading is in reading.hpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "common/result/result.hpp"

namespace ingot::archive {

enum class Compression { none, gzip, zstd };

/// How to write a tree as tar.
struct TarOptions {
    Compression compression = Compression::zstd;
    int level = 3;
    /// Later mtimes become this one (seconds since the epoch), so that builds can be repeated.
    std::optional<std::int64_t> clamp_mtime{};
};

/// Writes the tree below `directory` (without itself) to `file`, sorted by name, numeric owners, with
/// xattrs (file capabilities), hard links and device nodes kept. Returns the number of entries.
Result<std::uint64_t> write_tar(const std::filesystem::path& directory, const std::filesystem::path& file,
                                const TarOptions& options = {});

/// Decompresses `size` bytes of `file` from `offset` on, whatever they are compressed with (gzip, bzip2, xz, zstd, or
/// nothing), and appends the result to the open file `output`. Returns how many bytes that was.
Result<std::uint64_t> decompress(const std::filesystem::path& file, std::uint64_t offset, std::uint64_t size,
                                 int output);

} // namespace ingot::archive
