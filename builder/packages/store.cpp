#include "builder/packages/store.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::packages {

std::filesystem::path Store::path_of(const Package& package) const {
    return folder_ / package.sha256.substr(0, 2) / (package.sha256 + ".deb");
}

PackageSet Store::missing(const PackageSet& set) const {
    PackageSet result;
    for (const auto& package : set) {
        std::error_code problem;
        const auto size = std::filesystem::file_size(path_of(package), problem);
        if (problem || size != package.size) { result.push_back(package); }
    }
    return result;
}

Status Store::take_over(const PackageSet& set) const {
    std::map<std::string_view, const Package*> wanted;
    for (const auto& package : set) { wanted.emplace(package.sha256, &package); }
    INGOT_TRY(files::make_directory(incoming()), "preparing the package store");
    INGOT_ASSIGN(const auto names, files::list(incoming()), "");
    for (const auto& name : names) {
        const auto file = incoming() / name;
        if (!std::filesystem::is_regular_file(file)) {
            INGOT_TRY(files::remove_tree(file), "");
            continue;
        }
        INGOT_ASSIGN(const auto digest, crypto::sha256_file(file), "checking " + name);
        const auto found = wanted.find(digest);
        if (found == wanted.end()) {
            INGOT_TRY(files::remove_file(file), "");
            continue;
        }
        const auto target = path_of(*found->second);
        INGOT_TRY(files::make_directory(target.parent_path()), "");
        std::error_code problem;
        std::filesystem::rename(file, target, problem);
        if (problem) { return fail_errno(problem.value(), "keeping " + name); }
    }
    return {};
}

Status Store::check(const Package& package) const {
    const auto file = path_of(package);
    INGOT_ASSIGN(const auto digest, crypto::sha256_file(file), "checking " + package.file_name());
    if (digest == package.sha256) { return {}; }
    INGOT_TRY(files::remove_file(file), "");
    return fail(ErrorKind::transient,
                text::format("{} was damaged in the cache and has been removed from it", package.file_name()));
}

Result<std::int64_t> Store::newest_build_time(const PackageSet& set) const {
    std::int64_t newest = 0;
    for (const auto& package : set) {
        INGOT_ASSIGN(const auto time, build_time_of(path_of(package)), "");
        newest = std::max(newest, time);
    }
    return newest;
}

Result<std::int64_t> build_time_of(const std::filesystem::path& deb) {
    // A .deb is an ar archive: "!<arch>\n", then a header of which bytes 16 to 27 are a decimal date.
    constexpr std::size_t kDateAt = 8 + 16;
    constexpr std::size_t kDateSize = 12;
    const files::Fd file(::open(deb.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) { return fail_errno(errno, "opening " + deb.string()); }
    std::array<char, kDateAt + kDateSize> head{};
    const auto count = ::read(file.get(), head.data(), head.size());
    const std::string_view bytes(head.data(), head.size());
    const auto date = text::to_number(text::trim(bytes.substr(kDateAt)));
    if (count != static_cast<ssize_t>(head.size()) || !bytes.starts_with("!<arch>\n") || !date) {
        return fail(ErrorKind::invalid_input, deb.string() + " is not a Debian package");
    }
    return *date;
}

} // namespace ingot::builder::packages
