// Reading archives (libarchive): the entries of a tar, and single compressed blocks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "common/result/result.hpp"

namespace ingot::archive {

/// One entry of a tar, as its header says.
struct TarEntry {
    std::string path; ///< as it stands there: "usr/bin/x" or "./usr/bin/x"
    mode_t mode = 0;  ///< with the file type
    std::int64_t uid = 0;
    std::int64_t gid = 0;
    std::int64_t mtime = 0;
    std::uint64_t size = 0;
    std::string link{};       ///< target of a symbolic link
    std::string hard_link{};  ///< path of the entry that has the content
    std::string capability{}; ///< the bytes of security.capability
    /// How far the archive's file had been read when this entry came. Grows in steps.
    std::uint64_t position = 0;
};

/// Gives the content of the entry that is being visited, piece by piece; may be called once.
using Content = std::function<Status(const std::function<void(std::string_view)>& take)>;

/// Visits all entries of a tar, compressed or not, in their order.
Status read_tar(const std::filesystem::path& file,
                const std::function<Status(const TarEntry& entry, const Content& content)>& visit);

enum class Codec { zstd, xz };

/// The content of one whole frame; invalid_input if it is damaged or gives more than `limit` bytes.
Result<std::string> decompress(std::string_view bytes, Codec codec, std::size_t limit);

} // namespace ingot::archive
