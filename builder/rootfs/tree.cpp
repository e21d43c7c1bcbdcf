#include "builder/rootfs/tree.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

namespace fs = std::filesystem;

/// All paths below `folder`, relative to it, parents before children.
Result<std::vector<fs::path>> paths_below(const fs::path& folder) {
    std::vector<fs::path> paths;
    std::error_code problem;
    for (fs::recursive_directory_iterator at(folder, problem), end; !problem && at != end; at.increment(problem)) {
        if (at->path().filename() != ".gitkeep") { paths.push_back(at->path().lexically_relative(folder)); }
    }
    if (problem) { return fail_errno(problem.value(), "reading " + folder.string()); }
    std::ranges::sort(paths);
    return paths;
}

Result<struct stat> status_of(const fs::path& path) {
    struct stat status{};
    if (::lstat(path.c_str(), &status) != 0) { return fail_errno(errno, "looking at " + path.string()); }
    return status;
}

Error unsuitable(const fs::path& path) {
    return fail(ErrorKind::invalid_input, path.string() + " is neither a file, a folder nor a link");
}

Status own_and_mode(const fs::path& path, mode_t mode) {
    if (::lchown(path.c_str(), 0, 0) != 0) { return fail_errno(errno, "setting the owner of " + path.string()); }
    if (::chmod(path.c_str(), mode_in_image(mode)) != 0) {
        return fail_errno(errno, "setting the mode of " + path.string());
    }
    return {};
}

Status copy_folder(const fs::path& target, mode_t mode) {
    std::error_code problem;
    if (fs::is_directory(target, problem)) { return {}; }
    fs::create_directory(target, problem);
    if (problem) { return fail_errno(problem.value(), "making " + target.string()); }
    return own_and_mode(target, mode);
}

Status copy_link(const fs::path& source, const fs::path& target) {
    std::error_code problem;
    fs::remove(target, problem);
    fs::copy_symlink(source, target, problem);
    if (problem) { return fail_errno(problem.value(), "copying the link " + source.string()); }
    return {};
}

Status copy_file(const fs::path& source, const fs::path& target, mode_t mode) {
    std::error_code problem;
    fs::remove(target, problem); // never through a link that a package put there
    fs::copy_file(source, target, problem);
    if (problem) {
        return fail_errno(problem.value(), text::format("copying {} to {}", source.string(), target.string()));
    }
    return own_and_mode(target, mode);
}

} // namespace

mode_t mode_in_image(mode_t mode) {
    constexpr mode_t kProgram = 0755;
    constexpr mode_t kFile = 0644;
    return (mode & S_IXUSR) != 0 ? kProgram : kFile;
}

Result<std::string> tree_digest(const fs::path& folder) {
    INGOT_ASSIGN(const auto paths, paths_below(folder), "");
    std::string text;
    for (const auto& path : paths) {
        const auto whole = folder / path;
        INGOT_ASSIGN(const auto status, status_of(whole), "");
        std::string content;
        if (S_ISREG(status.st_mode)) {
            INGOT_ASSIGN(content, crypto::sha256_file(whole), "");
        } else if (S_ISLNK(status.st_mode)) {
            content = crypto::sha256_hex(fs::read_symlink(whole).string());
        } else if (!S_ISDIR(status.st_mode)) {
            return unsuitable(whole);
        }
        const mode_t kind = status.st_mode & static_cast<mode_t>(S_IFMT);
        const mode_t mode = S_ISLNK(status.st_mode) ? 0 : mode_in_image(status.st_mode);
        text += text::format("{:o} {:o} {} {}\n", kind, mode, content, crypto::sha256_hex(path.string()));
    }
    return crypto::sha256_hex(text);
}

Result<std::vector<std::string>> files_of_tree(const fs::path& folder) {
    INGOT_ASSIGN(const auto paths, paths_below(folder), "");
    std::vector<std::string> files;
    for (const auto& path : paths) {
        INGOT_ASSIGN(const auto status, status_of(folder / path), "");
        if (!S_ISDIR(status.st_mode)) { files.push_back("/" + path.string()); }
    }
    return files;
}

Status copy_tree(const fs::path& folder, const fs::path& root) {
    INGOT_ASSIGN(const auto paths, paths_below(folder), "");
    for (const auto& path : paths) {
        const auto source = folder / path;
        const auto target = root / path;
        INGOT_ASSIGN(const auto status, status_of(source), "");
        if (S_ISDIR(status.st_mode)) {
            INGOT_TRY(copy_folder(target, status.st_mode), "");
        } else if (S_ISLNK(status.st_mode)) {
            INGOT_TRY(copy_link(source, target), "");
        } else if (S_ISREG(status.st_mode)) {
            INGOT_TRY(copy_file(source, target, status.st_mode), "");
        } else {
            return unsuitable(source);
        }
    }
    return {};
}

} // namespace ingot::builder::rootfs
