#include "builder/artefacts/artefacts.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <future>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "common/archive/archive.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::artefacts {

namespace {

namespace fs = std::filesystem;

/// Raised whenever packing changes what is in the files.
constexpr std::string_view kPackRecipe = "2";
/// 15, the default, takes ten times as long for a tenth less.
constexpr int kSquashfsLevel = 6;
constexpr auto kPackTimeout = std::chrono::minutes(30);

Status write_squashfs(process::Processes& processes, const fs::path& tree, const fs::path& file, std::int64_t date) {
    // With SOURCE_DATE_EPOCH it dates the file system so and clamps the times of files. It prints a line for each
    // POSIX ACL, which squashfs does not hold (journald sets those of /var/log/journal anew at boot).
    const process::Command command{.argv = {"mksquashfs", tree.string(), file.string(), "-noappend", "-no-progress",
                                            "-quiet", "-comp", "zstd", "-Xcompression-level",
                                            text::format("{}", kSquashfsLevel)},
                                   .environment = {{"SOURCE_DATE_EPOCH", text::format("{}", date)}},
                                   .timeout = kPackTimeout};
    INGOT_TRY(run_checked(processes, command), "packing " + file.filename().string());
    return {};
}

Status write_tar(const fs::path& tree, const fs::path& file, std::int64_t date) {
    INGOT_TRY(archive::write_tar(tree, file, {.clamp_mtime = date}), "packing " + file.filename().string());
    return {};
}

Status write_format(process::Processes& processes, const fs::path& tree, const fs::path& file, spec::Format format,
                    std::int64_t date) {
    switch (format) {
    case spec::Format::squashfs: return write_squashfs(processes, tree, file, date);
    case spec::Format::tar: return write_tar(tree, file, date);
    }
    return fail(ErrorKind::bug, "a format without a writer");
}

Result<ManifestFile> describe(const fs::path& file) {
    INGOT_ASSIGN(auto digest, crypto::sha256_file(file), "hashing " + file.string());
    std::error_code problem;
    const auto size = fs::file_size(file, problem);
    if (problem) { return fail_errno(problem.value(), "looking at " + file.string()); }
    return ManifestFile{.name = file.filename().string(), .size = size, .sha256 = std::move(digest)};
}

/// What killed builds left beside the role's folder.
Status remove_leftovers(const fs::path& output, std::string_view prefix) {
    INGOT_ASSIGN(const auto names, files::list(output), "");
    for (const auto& name : names) {
        if (name.starts_with(prefix)) { INGOT_TRY(files::remove_tree(output / name), ""); }
    }
    return {};
}

/// Puts `made` in the place of `target` in one step, so that nobody ever sees half an image.
Status exchange(const fs::path& made, const fs::path& target) {
    if (!files::exists(target)) {
        if (::rename(made.c_str(), target.c_str()) != 0) { return fail_errno(errno, "naming " + target.string()); }
    } else {
        if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) != 0) {
            return fail_errno(errno, "replacing " + target.string());
        }
        INGOT_TRY(files::remove_tree(made), "removing the image before");
    }
    return files::sync_directory(target.parent_path());
}

Status sync_file(const fs::path& file) {
    const files::Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) { return fail_errno(errno, "writing " + file.string() + " to disk"); }
    return {};
}

} // namespace

std::string inputs_of(std::string_view image_key, const std::vector<spec::Format>& formats) {
    auto text = text::format("pack {}\ntree {}\n", kPackRecipe, image_key);
    for (const auto format : formats) { text += text::format("format {}\n", spec::to_string(format)); }
    return crypto::sha256_hex(text);
}

std::string file_name(spec::Format format) {
    switch (format) {
    case spec::Format::squashfs: return "root.squashfs";
    case spec::Format::tar: return "root.tar.zst";
    }
    return "root";
}

std::optional<Manifest> up_to_date(const fs::path& output, std::string_view role, std::string_view inputs) {
    const auto folder = output / role;
    const auto text = files::read(folder / "manifest.json");
    if (!text) { return std::nullopt; }
    auto manifest = parse_manifest(*text);
    if (!manifest || manifest->inputs != inputs || manifest->files.empty()) { return std::nullopt; }
    for (const auto& file : manifest->files) {
        const auto found = describe(folder / file.name);
        if (!found || *found != file) { return std::nullopt; }
    }
    return *std::move(manifest);
}

Result<Manifest> write_artefacts(process::Processes& processes, const fs::path& tree, const fs::path& output,
                                 const std::vector<spec::Format>& formats, Manifest manifest) {
    const auto prefix = text::format(".{}.new-", manifest.role);
    const auto made = output / text::format("{}{}", prefix, ::getpid());
    INGOT_TRY(files::make_directory(output), "making the output folder");
    INGOT_TRY(remove_leftovers(output, prefix), "");
    INGOT_TRY(files::make_directory(made), "");

    std::vector<std::future<Result<ManifestFile>>> writers;
    writers.reserve(formats.size());
    for (const auto format : formats) {
        writers.push_back(std::async(std::launch::async, [&, format]() -> Result<ManifestFile> {
            const auto file = made / file_name(format);
            INGOT_TRY(write_format(processes, tree, file, format, manifest.date), "");
            INGOT_TRY(sync_file(file), "");
            return describe(file);
        }));
    }
    std::optional<Error> failure;
    for (auto& writer : writers) {
        auto file = writer.get();
        if (file) {
            manifest.files.push_back(*std::move(file));
        } else {
            failure = std::move(file).error();
        }
    }
    if (failure) {
        INGOT_TRY(files::remove_tree(made), "");
        return *std::move(failure);
    }
    INGOT_TRY(files::write(made / "manifest.json", render_manifest(manifest)), "");
    INGOT_TRY(exchange(made, output / manifest.role), "");
    return manifest;
}

} // namespace ingot::builder::artefacts
