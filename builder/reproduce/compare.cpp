#include "builder/reproduce/compare.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::reproduce {

namespace {

namespace fs = std::filesystem;

constexpr auto kUnpackTimeout = std::chrono::minutes(30);
constexpr std::uint64_t kBlock = 4096;

/// Unpacks both with a tool and compares the trees.
Result<std::string>
explain_trees(process::Processes& processes, const fs::path& one, const fs::path& other,
              const std::function<std::vector<std::string>(const fs::path& file, const fs::path& folder)>& unpack) {
    INGOT_ASSIGN(const auto scratch, files::TempDir::create("ingot-compare-"), "");
    const auto before = scratch.path() / "one";
    const auto after = scratch.path() / "other";
    for (const auto& [file, folder] : {std::pair(one, before), std::pair(other, after)}) {
        INGOT_TRY(files::make_directory(folder), "");
        INGOT_TRY(run_checked(processes, {.argv = unpack(file, folder), .timeout = kUnpackTimeout}),
                  "unpacking " + file.string());
    }
    INGOT_ASSIGN(const auto difference, first_difference_of_trees(before, after), "");
    if (difference) { return *difference; }
    return std::string("the files in it are the same, but they were packed in another way (by another version of the "
                       "packing tool?)");
}

/// The file of an ext4 that holds a block, by debugfs; empty if it cannot be told.
std::string file_at(process::Processes& processes, const fs::path& disk, std::uint64_t partition,
                    std::uint64_t block) {
    const auto device = text::format("{}?offset={}", disk.string(), partition);
    const auto ask = [&](const std::string& request) -> std::string {
        const auto said = processes.run({.argv = {"debugfs", "-R", request, device}});
        if (!said || said->exit_code != 0) { return {}; }
        const auto lines = text::lines(said->out);
        if (lines.size() < 2) { return {}; }
        const auto tab = lines[1].find('\t');
        return tab == std::string::npos ? std::string() : lines[1].substr(tab + 1);
    };
    const auto inode = ask(text::format("icheck {}", block));
    if (!text::to_number(inode)) { return {}; }
    return ask("ncheck " + inode);
}

Result<std::string> explain_disks(process::Processes& processes, const fs::path& one, const fs::path& other) {
    INGOT_ASSIGN(const auto at, first_different_byte(one, other), "");
    if (!at) { return std::string("the disks are the same, but they were compressed in another way"); }
    constexpr std::size_t kHead = 65536;
    std::string head(kHead, '\0');
    const files::Fd disk(::open(one.c_str(), O_RDONLY | O_CLOEXEC));
    if (!disk.valid()) { return fail_errno(errno, one.string()); }
    const auto count = ::pread(disk.get(), head.data(), head.size(), 0);
    if (count < 0) { return fail_errno(errno, "reading " + one.string()); }
    for (const auto& region : regions_of(std::string_view(head).substr(0, static_cast<std::size_t>(count)))) {
        if (*at < region.start || *at >= region.end) { continue; }
        auto text =
            text::format("{} differs from byte {} on (byte {} of the disk)", region.name, *at - region.start, *at);
        const auto file = file_at(processes, one, region.start, (*at - region.start) / kBlock);
        if (!file.empty()) { text += ", which belongs to " + file; }
        return text;
    }
    return text::format("byte {} differs, which lies in no partition", *at);
}

} // namespace

Result<std::string> explain(process::Processes& processes, const fs::path& one, const fs::path& other) {
    const auto name = one.filename().string();
    if (name.ends_with(".squashfs")) {
        return explain_trees(processes, one, other, [](const fs::path& file, const fs::path& folder) {
            return std::vector<std::string>{"unsquashfs", "-quiet",        "-no-progress", "-force",
                                            "-d",         folder.string(), file.string()};
        });
    }
    if (name.find(".tar") != std::string::npos) {
        return explain_trees(processes, one, other, [](const fs::path& file, const fs::path& folder) {
            return std::vector<std::string>{
                "tar",          "--extract",          "--numeric-owner", "--same-owner", "--preserve-permissions",
                "--xattrs",     "--xattrs-include=*", "--file",          file.string(),  "--directory",
                folder.string()};
        });
    }
    if (name.ends_with(".raw")) { return explain_disks(processes, one, other); }
    if (name.ends_with(".raw.zst")) {
        INGOT_ASSIGN(const auto scratch, files::TempDir::create("ingot-compare-"), "");
        const std::array plain = {scratch.path() / "one.raw", scratch.path() / "other.raw"};
        for (const auto& [file, target] : {std::pair(one, plain[0]), std::pair(other, plain[1])}) {
            INGOT_TRY(run_checked(processes, {.argv = {"zstd", "--quiet", "--decompress", "--sparse", "-o",
                                                       target.string(), file.string()},
                                              .timeout = kUnpackTimeout}),
                      "unpacking " + file.string());
        }
        return explain_disks(processes, plain[0], plain[1]);
    }
    INGOT_ASSIGN(const auto at, first_different_byte(one, other), "");
    return at ? text::format("it differs from byte {} on", *at) : std::string("it is the same");
}

} // namespace ingot::builder::reproduce
