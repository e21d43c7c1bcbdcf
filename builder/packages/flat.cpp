#include "builder/packages/flat.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "common/archive/archive.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::packages {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMagic = "!<arch>\n";
// The header of a member: name, date, owner, group, mode, size, all text, and two bytes that end it.
constexpr std::size_t kHeader = 60;
constexpr std::size_t kNameSize = 16;
constexpr std::size_t kSizeAt = 48;
constexpr std::size_t kSizeSize = 10;
constexpr std::string_view kHeaderEnd = "`\n";

struct Member {
    std::string header;
    std::string name;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
};

Result<std::string> read_at(int fd, std::uint64_t offset, std::size_t size) {
    std::string bytes(size, '\0');
    const auto got = ::pread(fd, bytes.data(), size, static_cast<off_t>(offset));
    if (got < 0) { return fail_errno(errno, "reading"); }
    bytes.resize(static_cast<std::size_t>(got));
    return bytes;
}

Result<std::vector<Member>> read_members(const fs::path& deb) {
    const auto no_package = [&] { return fail(ErrorKind::invalid_input, deb.string() + " is not a Debian package"); };
    const files::Fd file(::open(deb.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.valid()) { return fail_errno(errno, "opening " + deb.string()); }
    INGOT_ASSIGN(const auto magic, read_at(file.get(), 0, kMagic.size()), deb.string());
    if (magic != kMagic) { return no_package(); }
    std::vector<Member> members;
    std::uint64_t offset = kMagic.size();
    while (true) {
        INGOT_ASSIGN(auto header, read_at(file.get(), offset, kHeader), deb.string());
        if (header.empty()) { break; }
        if (header.size() != kHeader || !header.ends_with(kHeaderEnd)) { return no_package(); }
        const auto size = text::to_number(text::trim(std::string_view(header).substr(kSizeAt, kSizeSize)));
        if (!size || *size < 0) { return no_package(); }
        auto name = std::string(text::trim(std::string_view(header).substr(0, kNameSize)));
        if (name.ends_with('/')) { name.pop_back(); }
        offset += kHeader;
        const auto length = static_cast<std::uint64_t>(*size);
        members.push_back({std::move(header), std::move(name), offset, length});
        offset += length + length % 2; // members start at even offsets
    }
    return members;
}

Status put(int fd, std::string_view bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const auto written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0) { return fail_errno(errno, "writing an uncompressed package"); }
        bytes.remove_prefix(static_cast<std::size_t>(written));
        offset += static_cast<std::uint64_t>(written);
    }
    return {};
}

/// "data.tar.xz" → "data.tar"; other names stay.
std::string uncompressed_name(const std::string& name) {
    const auto end = name.find(".tar.");
    return end == std::string::npos ? name : name.substr(0, end + 4);
}

/// Runs `work` for each index below `count`, in as many threads as there are processors. The first failure.
Status in_parallel(std::size_t count, const std::function<Status(std::size_t)>& work) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    std::optional<Error> failure;
    const auto loop = [&] {
        for (auto index = next++; index < count; index = next++) {
            auto done = work(index);
            if (done) { continue; }
            const std::lock_guard lock(mutex);
            if (!failure) { failure = std::move(done).error(); }
            next = count;
        }
    };
    {
        std::vector<std::jthread> threads;
        const auto processors = std::max<std::size_t>(1, std::thread::hardware_concurrency());
        for (std::size_t i = 0; i < std::min(processors, count); ++i) { threads.emplace_back(loop); }
    }
    if (failure) { return *std::move(failure); }
    return {};
}

fs::path digest_file(const fs::path& flat) { return fs::path(flat).replace_extension(".sha256"); }

} // namespace

Status write_flat(const fs::path& deb, const fs::path& target) {
    INGOT_ASSIGN(const auto members, read_members(deb), "");
    const auto has = [&](std::string_view name) {
        return std::ranges::any_of(members,
                                   [&](const auto& member) { return uncompressed_name(member.name) == name; });
    };
    if (!has("debian-binary") || !has("control.tar") || !has("data.tar")) {
        return fail(ErrorKind::invalid_input, deb.string() + " is not a Debian package");
    }
    const files::Fd output(::open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!output.valid()) { return fail_errno(errno, "creating " + target.string()); }
    INGOT_TRY(put(output.get(), kMagic, 0), target.string());
    std::uint64_t offset = kMagic.size();
    for (const auto& member : members) {
        if (::lseek(output.get(), static_cast<off_t>(offset + kHeader), SEEK_SET) < 0) {
            return fail_errno(errno, "writing " + target.string());
        }
        INGOT_ASSIGN(const auto size, archive::decompress(deb, member.offset, member.size, output.get()),
                     "making " + target.string());
        auto header = member.header;
        header.replace(0, kNameSize, text::format("{:<16}", uncompressed_name(member.name)));
        const auto digits = text::format("{:<10}", size);
        if (digits.size() != kSizeSize) { return fail(ErrorKind::invalid_input, deb.string() + " is too large"); }
        header.replace(kSizeAt, kSizeSize, digits);
        INGOT_TRY(put(output.get(), header, offset), target.string());
        offset += kHeader + size;
        if (size % 2 != 0) { INGOT_TRY(put(output.get(), "\n", offset++), target.string()); }
    }
    return {};
}

fs::path FlatStore::path_of(const Package& package) const {
    return folder_ / package.sha256.substr(0, 2) / (package.sha256 + ".deb");
}

bool FlatStore::usable(const Package& package) const {
    const auto file = path_of(package);
    const auto noted = files::read(digest_file(file));
    if (!noted) { return false; }
    const auto digest = crypto::sha256_file(file);
    return digest && *digest == text::trim(*noted);
}

Status FlatStore::make(const Package& package) const {
    const auto source = store_.path_of(package);
    INGOT_TRY(store_.check(package), "");
    const auto target = path_of(package);
    INGOT_TRY(files::make_directory(target.parent_path()), "");
    // Two roles may want the same package at the same time: each makes its own, the names are exchanged whole.
    static std::atomic<unsigned> counter = 0;
    const auto made = target.parent_path() / text::format(".{}-{}.new", package.sha256, counter++);
    const auto written = write_flat(source, made);
    if (!written) {
        INGOT_TRY(files::remove_file(made), "");
        return written;
    }
    INGOT_ASSIGN(const auto digest, crypto::sha256_file(made), "");
    INGOT_TRY(files::write(digest_file(target), digest + "\n"), "");
    std::error_code problem;
    fs::rename(made, target, problem);
    if (problem) { return fail_errno(problem.value(), "keeping " + target.string()); }
    return {};
}

Status FlatStore::lay_out(const PackageSet& set, const fs::path& target,
                          const std::function<void(std::size_t)>& on_made) const {
    std::mutex mutex;
    std::size_t made = 0;
    return in_parallel(set.size(), [&](std::size_t index) -> Status {
        const auto& package = set[index];
        if (!usable(package)) {
            INGOT_TRY(make(package), "unpacking " + package.file_name());
            const std::lock_guard lock(mutex);
            ++made;
            if (on_made) { on_made(made); }
        }
        const auto source = path_of(package);
        std::error_code problem;
        fs::last_write_time(source, fs::file_time_type::clock::now(), problem);
        fs::create_hard_link(source, target / package.file_name(), problem);
        if (problem) { fs::copy_file(source, target / package.file_name(), problem); }
        if (problem) { return fail_errno(problem.value(), "laying out " + package.file_name()); }
        return {};
    });
}

Status FlatStore::prune(std::chrono::hours age) const {
    if (!files::exists(folder_)) { return {}; }
    std::vector<fs::path> old;
    std::error_code problem;
    for (fs::recursive_directory_iterator entry(folder_, problem), end; !problem && entry != end;
         entry.increment(problem)) {
        std::error_code unreadable;
        if (!entry->is_regular_file(unreadable) || entry->path().extension() == ".sha256") { continue; }
        if (fs::file_time_type::clock::now() - entry->last_write_time(unreadable) >= age) {
            old.push_back(entry->path());
        }
    }
    for (const auto& file : old) {
        INGOT_TRY(files::remove_file(file), "");
        INGOT_TRY(files::remove_file(digest_file(file)), "");
    }
    return {};
}

} // namespace ingot::builder::packages
