#include "common/files/abandoned.hpp"

#include <algorithm>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/files/files.hpp"

namespace ingot::files {

namespace {

constexpr std::size_t kLetters = 6;

bool is_letter(char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
}

/// Looked at through the descriptor, which cannot be exchanged for another file meanwhile.
bool is_abandoned(const std::filesystem::path& file, std::chrono::sys_time<std::chrono::milliseconds> before) {
    const Fd fd(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct stat status{};
    if (!fd.valid() || ::fstat(fd.get(), &status) != 0) { return false; }
    const auto written = std::chrono::sys_time<std::chrono::nanoseconds>(
        std::chrono::seconds(status.st_mtim.tv_sec) + std::chrono::nanoseconds(status.st_mtim.tv_nsec));
    return S_ISREG(status.st_mode) && status.st_nlink == 1 && status.st_uid == ::geteuid() && written < before &&
           ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0;
}

} // namespace

bool is_temporary_name(std::string_view name, const std::vector<std::string>& names) {
    if (name.size() < kLetters + 3 || name.front() != '.') { return false; }
    const auto dot = name.size() - kLetters - 1;
    if (name[dot] != '.' || !std::ranges::all_of(name.substr(dot + 1), is_letter)) { return false; }
    return names.empty() || std::ranges::find(names, name.substr(1, dot - 1)) != names.end();
}

Result<std::vector<std::filesystem::path>> remove_abandoned(const std::filesystem::path& folder,
                                                            std::chrono::sys_time<std::chrono::milliseconds> before,
                                                            const std::vector<std::string>& names) {
    std::vector<std::filesystem::path> removed;
    const auto present = list(folder);
    if (!present && present.error().kind == ErrorKind::not_found) { return removed; }
    if (!present) { return present.error(); }
    for (const auto& name : *present) {
        if (!is_temporary_name(name, names) || !is_abandoned(folder / name, before)) { continue; }
        INGOT_TRY(remove_file(folder / name), "");
        removed.push_back(folder / name);
    }
    return removed;
}

} // namespace ingot::files
