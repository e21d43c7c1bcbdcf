#include "builder/artefacts/digests.hpp"

#include <cerrno>
#include <system_error>

#include <sys/stat.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::artefacts {

namespace {

namespace fs = std::filesystem;

struct Seen {
    std::string name; ///< of the note: which file
    std::string state;
};

Result<Seen> look(const fs::path& file) {
    struct stat status{};
    if (::stat(file.c_str(), &status) != 0) { return fail_errno(errno, "looking at " + file.string()); }
    return Seen{.name = text::format("{}-{}", status.st_dev, status.st_ino),
                .state = text::format("{} {}.{:09} {}.{:09}", status.st_size, status.st_mtim.tv_sec,
                                      status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec)};
}

} // namespace

Result<std::string> KnownDigests::sha256(const fs::path& file) const {
    INGOT_ASSIGN(const auto before, look(file), "");
    const auto note = files::read(folder_ / before.name);
    if (note && note->starts_with(before.state + " ")) {
        std::error_code ignored;
        fs::last_write_time(folder_ / before.name, fs::file_time_type::clock::now(), ignored);
        return std::string(text::trim(std::string_view(*note).substr(before.state.size() + 1)));
    }
    INGOT_ASSIGN(auto digest, crypto::sha256_file(file), "hashing " + file.string());
    INGOT_ASSIGN(const auto after, look(file), "");
    if (before.state == after.state) { INGOT_TRY(remember(file, digest), ""); }
    return digest;
}

Status KnownDigests::remember(const fs::path& file, std::string_view digest) const {
    INGOT_ASSIGN(const auto seen, look(file), "");
    INGOT_TRY(files::make_directory(folder_), "");
    return files::write(folder_ / seen.name, text::format("{} {}\n", seen.state, digest));
}

Status KnownDigests::prune(std::chrono::hours age) const {
    if (!files::exists(folder_)) { return {}; }
    INGOT_ASSIGN(const auto names, files::list(folder_), "");
    for (const auto& name : names) {
        std::error_code problem;
        const auto used = fs::last_write_time(folder_ / name, problem);
        if (problem || fs::file_time_type::clock::now() - used < age) { continue; }
        INGOT_TRY(files::remove_file(folder_ / name), "");
    }
    return {};
}

} // namespace ingot::builder::artefacts
