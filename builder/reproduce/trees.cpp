// Trees and files, compared the way an image would show it: type, mode, owner, time, target, content, capabilities.
#include "builder/reproduce/compare.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <set>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::reproduce {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kChunk = 1U << 20U;
constexpr mode_t kModeBits = 07777;

/// Reads up to `size` bytes; fewer only at the end of the file.
Result<std::size_t> read_full(int fd, char* to, std::size_t size, const fs::path& path) {
    std::size_t done = 0;
    while (done < size) {
        const auto count = ::read(fd, to + done, size - done);
        if (count < 0 && errno == EINTR) { continue; }
        if (count < 0) { return fail_errno(errno, "reading " + path.string()); }
        if (count == 0) { break; }
        done += static_cast<std::size_t>(count);
    }
    return done;
}

/// All paths below `root`, in order.
Result<std::set<std::string>> paths_below(const fs::path& root) {
    std::set<std::string> paths;
    std::error_code problem;
    for (fs::recursive_directory_iterator at(root, problem), end; !problem && at != end; at.increment(problem)) {
        paths.insert(at->path().lexically_relative(root).string());
    }
    if (problem) { return fail_errno(problem.value(), "reading " + root.string()); }
    return paths;
}

std::string kind_of(mode_t mode) {
    if (S_ISDIR(mode)) { return "a folder"; }
    if (S_ISREG(mode)) { return "a file"; }
    if (S_ISLNK(mode)) { return "a link"; }
    return "a special file";
}

std::string capability_of(const fs::path& path) {
    std::array<char, 256> value{};
    const auto size = ::lgetxattr(path.c_str(), "security.capability", value.data(), value.size());
    return size > 0 ? std::string(value.data(), static_cast<std::size_t>(size)) : std::string();
}

Result<std::string> difference_of(const fs::path& one, const fs::path& other) {
    struct stat first{};
    struct stat second{};
    if (::lstat(one.c_str(), &first) != 0) { return fail_errno(errno, one.string()); }
    if (::lstat(other.c_str(), &second) != 0) { return fail_errno(errno, other.string()); }
    if ((first.st_mode & S_IFMT) != (second.st_mode & S_IFMT)) {
        return text::format("is {} in the image and {} in the new build", kind_of(first.st_mode),
                            kind_of(second.st_mode));
    }
    if (S_ISLNK(first.st_mode)) {
        std::error_code problem;
        const auto to = fs::read_symlink(one, problem);
        const auto now = fs::read_symlink(other, problem);
        if (to != now) { return text::format("the link leads to {}, now to {}", to.string(), now.string()); }
    } else if ((first.st_mode & kModeBits) != (second.st_mode & kModeBits)) {
        return text::format("the mode is {:04o}, now {:04o}", first.st_mode & kModeBits, second.st_mode & kModeBits);
    }
    if (first.st_uid != second.st_uid || first.st_gid != second.st_gid) {
        return text::format("the owner is {}:{}, now {}:{}", first.st_uid, first.st_gid, second.st_uid,
                            second.st_gid);
    }
    if (S_ISREG(first.st_mode)) {
        INGOT_ASSIGN(const auto at, first_different_byte(one, other), "");
        if (at) {
            return text::format("the content differs from byte {} on ({} bytes, now {})", *at, first.st_size,
                                second.st_size);
        }
    }
    if (first.st_mtim.tv_sec != second.st_mtim.tv_sec) {
        return text::format("the time of change is {}, now {}", first.st_mtim.tv_sec, second.st_mtim.tv_sec);
    }
    if (capability_of(one) != capability_of(other)) { return std::string("the capabilities differ"); }
    return std::string();
}

} // namespace

Result<std::optional<std::uint64_t>> first_different_byte(const fs::path& one, const fs::path& other) {
    const files::Fd first(::open(one.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!first.valid()) { return fail_errno(errno, one.string()); }
    const files::Fd second(::open(other.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!second.valid()) { return fail_errno(errno, other.string()); }
    std::string left(kChunk, '\0');
    std::string right(kChunk, '\0');
    for (std::uint64_t start = 0;; start += kChunk) {
        INGOT_ASSIGN(const auto count, read_full(first.get(), left.data(), kChunk, one), "");
        INGOT_ASSIGN(const auto now, read_full(second.get(), right.data(), kChunk, other), "");
        const auto common = std::min(count, now);
        const auto [at, ignored] =
            std::mismatch(left.begin(), left.begin() + static_cast<std::ptrdiff_t>(common), right.begin());
        const auto same = static_cast<std::size_t>(at - left.begin());
        if (same < common || count != now) { return std::optional<std::uint64_t>(start + same); }
        if (count < kChunk) { return std::optional<std::uint64_t>{}; }
    }
}

Result<std::optional<std::string>> first_difference_of_trees(const fs::path& one, const fs::path& other) {
    INGOT_ASSIGN(const auto first, paths_below(one), "");
    INGOT_ASSIGN(const auto second, paths_below(other), "");
    std::set<std::string> all = first;
    all.insert(second.begin(), second.end());
    // A file that comes or goes changes its folder's time: the file is the news, so folders' times come last.
    std::optional<std::string> later;
    for (const auto& path : all) {
        if (!first.contains(path)) { return std::optional(path + ": is not in the image, only in the new build"); }
        if (!second.contains(path)) { return std::optional(path + ": is in the image, not in the new build"); }
        INGOT_ASSIGN(const auto why, difference_of(one / path, other / path), "");
        if (why.empty()) { continue; }
        auto text = path + ": " + why;
        if (!why.starts_with("the time") || !fs::is_directory(fs::symlink_status(one / path))) {
            return std::optional(std::move(text));
        }
        if (!later) { later = std::move(text); }
    }
    return later;
}

} // namespace ingot::builder::reproduce
