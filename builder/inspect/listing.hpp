// What is in a root tree, whatever it was packed in: its entries with their sizes, and the few files whose content
// says something about the image.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::builder::inspect {

enum class Kind { file, directory, link, device, other };
/// "file", "directory", …
std::string_view to_string(Kind kind);

struct Entry {
    std::string path; ///< absolute: "/usr/bin/env"; the root itself is "/"
    Kind kind = Kind::file;
    unsigned mode = 0; ///< permission bits, with setuid, setgid and sticky
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::int64_t mtime = 0;
    std::uint64_t size = 0;   ///< of a file's content; 0 for a further name of the same file
    std::uint64_t stored = 0; ///< what that takes in the image; 0 if the same content is there already
    std::string target{};     ///< of a link
    std::string capability{}; ///< the bytes of security.capability
    std::string digest{};     ///< SHA-256 of a file's content, if it was asked for
    bool again = false;       ///< a further name (hard link) of a file that is listed before
};

/// A whole tree.
struct Listing {
    std::vector<Entry> entries{};                               ///< sorted by path
    std::map<std::string, std::string, std::less<>> contents{}; ///< of the files that were asked for
    std::string packed_as{};                                    ///< "squashfs, zstd, blocks of 128 KiB"
    std::uint64_t image_size = 0;                               ///< of the file that holds it

    /// The entry of a path, or nullptr.
    [[nodiscard]] const Entry* find(std::string_view path) const;
    /// The content of a file that was asked for; empty if it is not there.
    [[nodiscard]] std::string_view content(std::string_view path) const;
};

/// What to read besides names and sizes.
struct Reading {
    std::function<bool(std::string_view path)> wanted = [](std::string_view) { return false; };
    bool digests = false;
};

} // namespace ingot::builder::inspect
