#include "builder/artefacts/raw.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

#include <sys/stat.h>

#include "builder/artefacts/ext4_times.hpp"
#include "builder/artefacts/pieces.hpp"
#include "builder/disk/fat.hpp"
#include "builder/disk/gpt.hpp"
#include "builder/disk/grub.hpp"
#include "builder/disk/guid.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::artefacts {

namespace {

namespace fs = std::filesystem;
using disk::kMebibyte;
using disk::kSector;

constexpr std::uint64_t kEspSize = 64 * kMebibyte;
constexpr std::string_view kGrub = "/usr/lib/grub";
constexpr auto kFilesystemTimeout = std::chrono::minutes(15);

/// Newest first by version, as Debian names them: the longest common form sorts well enough within one image,
/// which has one kernel.
Result<std::string> only_match(const fs::path& folder, std::string_view prefix) {
    INGOT_ASSIGN(const auto names, files::list(folder), "looking for the kernel");
    std::string found;
    for (const auto& name : names) {
        if (name.starts_with(prefix)) { found = name; }
    }
    if (found.empty()) {
        return fail(ErrorKind::not_found, text::format("the image has no {}*: the role's packages name no kernel",
                                                       (folder / prefix).string()));
    }
    return "boot/" + found;
}

/// Bytes of a tree as ext4 will hold them: whole blocks, an inode each, and room for the tables.
Result<std::uint64_t> size_on_ext4(const fs::path& tree) {
    constexpr std::uint64_t kBlock = 4096;
    std::uint64_t bytes = 0;
    std::uint64_t inodes = 0;
    std::error_code problem;
    fs::recursive_directory_iterator entry(tree, fs::directory_options::none, problem);
    for (const fs::recursive_directory_iterator end; !problem && entry != end; entry.increment(problem)) {
        struct stat status{};
        if (::lstat(entry->path().c_str(), &status) != 0) { return fail_errno(errno, entry->path().string()); }
        ++inodes;
        bytes += (static_cast<std::uint64_t>(status.st_size) + kBlock - 1) / kBlock * kBlock;
    }
    if (problem) { return fail_errno(problem.value(), "measuring " + tree.string()); }
    constexpr std::uint64_t kInode = 256;
    constexpr std::uint64_t kJournal = 64 * kMebibyte;
    return bytes + bytes / 20 + inodes * kInode + kJournal;
}

Status make_filesystem(process::Processes& processes, const fs::path& tree, const fs::path& file,
                       const disk::Partition& root, const disk::Guid& uuid, std::int64_t date) {
    const auto extended =
        text::format("offset={},hash_seed={},lazy_itable_init=1,lazy_journal_init=1,nodiscard,root_owner=0:0",
                     root.offset, uuid.to_string());
    const process::Command command{
        .argv = {"mkfs.ext4", "-q", "-F", "-O", "^metadata_csum_seed,^orphan_file", "-L", "ingot-root", "-m", "0",
                 "-U", uuid.to_string(), "-E", extended, "-d", tree.string(), file.string(),
                 text::format("{}k", root.size / 1024)},
        .environment = {{"SOURCE_DATE_EPOCH", text::format("{}", date)},
                        {"E2FSPROGS_FAKE_TIME", text::format("{}", date)}}, // before e2fsprogs 1.47.1
        .timeout = kFilesystemTimeout};
    INGOT_TRY(run_checked(processes, command), "making the root filesystem");
    return {};
}

/// grub-mkimage with the configuration inside, so that nothing is looked for on the disk but the root.
Result<std::string> make_grub(process::Processes& processes, std::string_view platform,
                              const std::vector<std::string>& modules, const std::string& config) {
    const auto folder = fs::path(kGrub) / platform;
    if (!files::exists(folder)) {
        return fail(ErrorKind::not_found, text::format("there is no {} on this machine: install {}", folder.string(),
                                                       platform == "i386-pc" ? "grub-pc-bin" : "grub-efi-amd64-bin"));
    }
    INGOT_ASSIGN(const auto scratch, files::TempDir::create("ingot-grub-"), "");
    INGOT_TRY(files::write(scratch.path() / "grub.cfg", config), "");
    const auto made = scratch.path() / "grub.img";
    process::Command command{.argv = {"grub-mkimage", "-O", std::string(platform), "-d", folder.string(), "-o",
                                      made.string(), "-p", "/boot/grub", "-c",
                                      (scratch.path() / "grub.cfg").string()}};
    command.argv.insert(command.argv.end(), modules.begin(), modules.end());
    INGOT_TRY(run_checked(processes, command), text::format("making GRUB for {}", platform));
    return files::read(made);
}

} // namespace

Result<BootFiles> find_boot_files(const fs::path& tree) {
    INGOT_ASSIGN(auto kernel, only_match(tree / "boot", "vmlinuz-"), "");
    INGOT_ASSIGN(auto initrd, only_match(tree / "boot", "initrd.img-"), "");
    return BootFiles{.kernel = std::move(kernel), .initrd = std::move(initrd)};
}

std::string render_grub_config(const std::string& root_uuid, const std::string& root_partuuid, const BootFiles& boot,
                               const std::string& command_line) {
    // A ";" ends a command, unless it is quoted (ds=nocloud;s=…).
    const bool plain = command_line.find(';') == std::string::npos;
    std::string words = plain ? command_line : "'" + text::replace_all(command_line, " ", "' '") + "'";
    return text::format(R"(serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
search --no-floppy --fs-uuid --set=root {}
linux ($root)/{} root=PARTUUID={} {}
initrd ($root)/{}
boot
)",
                        root_uuid, boot.kernel, root_partuuid, words, boot.initrd);
}

Result<diskmap::Boot> write_raw(process::Processes& processes, const fs::path& tree, const fs::path& file,
                                const RawOptions& options) {
    INGOT_ASSIGN(const auto boot, find_boot_files(tree), "");
    INGOT_ASSIGN(const auto needed, size_on_ext4(tree), "");
    INGOT_ASSIGN(
        const auto layout,
        disk::plan_layout(options.seed,
                          {{.type = disk::kTypeBiosBoot, .name = "bios", .size = kMebibyte},
                           {.type = disk::kTypeEsp, .name = "esp", .size = kEspSize},
                           {.type = disk::kTypeRootAmd64, .name = "root", .size = needed + options.free_bytes}}),
        "");
    const auto& bios = layout.partitions.at(0);
    const auto& esp = layout.partitions.at(1);
    const auto& root = layout.partitions.at(2);
    const auto root_uuid = disk::Guid::derive(options.seed, "filesystem/root");
    const auto config = render_grub_config(root_uuid.to_string(), root.id.to_string(), boot, options.command_line);

    const std::vector<std::string> common = {"part_gpt", "ext2",   "search",   "search_fs_uuid", "linux",
                                             "boot",     "serial", "terminal", "normal",         "echo"};
    auto bios_modules = common;
    bios_modules.emplace_back("biosdisk");
    INGOT_ASSIGN(const auto core, make_grub(processes, "i386-pc", bios_modules, config), "");
    INGOT_ASSIGN(const auto efi, make_grub(processes, "x86_64-efi", common, config), "");
    INGOT_ASSIGN(const auto boot_img, files::read(fs::path(kGrub) / "i386-pc/boot.img"), "");
    INGOT_ASSIGN(const auto boot_code, disk::grub_boot_code(boot_img, bios.offset / kSector), "");
    INGOT_ASSIGN(const auto core_image, disk::grub_core_image(core, bios.offset / kSector, bios.size), "");
    INGOT_ASSIGN(
        const auto esp_extents,
        disk::render_fat32({.size = esp.size, .volume_id = disk::crc32(options.seed), .timestamp = options.date},
                           {{"EFI/BOOT/BOOTX64.EFI", efi}}),
        "");

    INGOT_ASSIGN(auto image, OutputFile::create(file), "");
    INGOT_TRY(image.resize(layout.size), "");
    INGOT_TRY(make_filesystem(processes, tree, file, root, root_uuid, options.date), "");
    INGOT_TRY(settle_ext4_times(file, root.offset, options.date), "");
    const auto table = disk::render_gpt(layout);
    INGOT_TRY(image.put(0, table.start), "");
    INGOT_TRY(image.put(0, boot_code), "");
    INGOT_TRY(image.put(layout.size - table.end.size(), table.end), "");
    INGOT_TRY(image.put(bios.offset, core_image), "");
    for (const auto& extent : esp_extents) { INGOT_TRY(image.put(esp.offset + extent.offset, extent.bytes), ""); }
    return diskmap::Boot{.root_at = root.offset,
                         .root_size = root.size,
                         .kernel = boot.kernel,
                         .initrd = boot.initrd,
                         .command_line =
                             text::format("root=PARTUUID={} {}", root.id.to_string(), options.command_line)};
}

} // namespace ingot::builder::artefacts
