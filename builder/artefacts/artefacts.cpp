#include "builder/artefacts/artefacts.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <future>
#include <mutex>
#include <set>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "builder/artefacts/compressed.hpp"
#include "builder/artefacts/install_img.hpp"
#include "builder/artefacts/netboot.hpp"
#include "builder/artefacts/raw.hpp"
#include "common/archive/archive.hpp"
#include "common/crypto/crypto.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::artefacts {

namespace {

namespace fs = std::filesystem;

/// Raised whenever packing changes what is in the files.
constexpr std::string_view kPackRecipe = "5";
/// 15, the default, takes ten times as long for a tenth less.
constexpr int kSquashfsLevel = 6;
constexpr auto kPackTimeout = std::chrono::minutes(30);

constexpr const char* kRaw = "disk.raw";
constexpr const char* kRawZst = "disk.raw.zst";
constexpr const char* kQcow2 = "disk.qcow2";
constexpr const char* kTar = "root.tar.zst";
constexpr const char* kSquashfs = "root.squashfs";
constexpr const char* kInstallImg = "install.img";

/// Without kernel and initrd: who boots a squashfs has them beside it (netboot) or has another kernel (the lab).
Status write_squashfs(process::Processes& processes, const fs::path& tree, const fs::path& file, std::int64_t date) {
    // With SOURCE_DATE_EPOCH it dates the file system so and clamps the times of files. It prints a line for each
    // POSIX ACL, which squashfs does not hold (journald sets those of /var/log/journal anew at boot).
    const process::Command command{.argv = {"mksquashfs", tree.string(), file.string(), "-noappend", "-no-progress",
                                            "-quiet", "-comp", "zstd", "-Xcompression-level",
                                            text::format("{}", kSquashfsLevel), "-wildcards", "-e", "boot/vmlinuz-*",
                                            "boot/initrd.img-*"},
                                   .environment = {{"SOURCE_DATE_EPOCH", text::format("{}", date)}},
                                   .timeout = kPackTimeout};
    INGOT_TRY(run_checked(processes, command), "packing " + file.filename().string());
    return {};
}

Status write_tar(const fs::path& tree, const fs::path& file, std::int64_t date) {
    INGOT_TRY(archive::write_tar(tree, file, {.clamp_mtime = date}), "packing " + file.filename().string());
    return {};
}

Result<ManifestFile> describe(const fs::path& file) {
    INGOT_ASSIGN(auto digest, crypto::sha256_file(file), "hashing " + file.string());
    std::error_code problem;
    const auto size = fs::file_size(file, problem);
    if (problem) { return fail_errno(problem.value(), "looking at " + file.string()); }
    return ManifestFile{.name = file.filename().string(), .size = size, .sha256 = std::move(digest)};
}

Status sync_file(const fs::path& file) {
    const files::Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd.valid() || ::fsync(fd.get()) != 0) { return fail_errno(errno, "writing " + file.string() + " to disk"); }
    return {};
}

/// Netboot can install what is beside it: the disk image by pieces, with an installer.
bool has_install_img(const Packing& packing) {
    const auto has = [&](spec::Format format) {
        return std::ranges::find(packing.formats, format) != packing.formats.end();
    };
    return !packing.installer.empty() && has(spec::Format::netboot) && has(spec::Format::raw_zst);
}

/// Makes the files of one image, side by side where they do not need each other.
class Packer {
  public:
    Packer(process::Processes& processes, const fs::path& tree, const fs::path& made, const Packing& packing,
           const Manifest& manifest)
        : processes_(processes), tree_(tree), made_(made), packing_(packing), manifest_(manifest) {
        for (const auto format : packing.formats) {
            for (auto& name : file_names(format)) { wanted_.insert(std::move(name)); }
        }
    }

    Result<std::vector<ManifestFile>> write() {
        // Each line of work is a thread; each fills in its own files.
        auto tar = std::async(std::launch::async, [&] { return write_tar_files(); });
        auto squashfs = std::async(std::launch::async, [&] { return write_squashfs_files(); });
        const auto disk = write_disk_files();
        const auto tar_done = tar.get();
        const auto squashfs_done = squashfs.get();
        for (const auto* done : {&disk, &tar_done, &squashfs_done}) {
            if (!*done) { return done->error(); }
        }
        INGOT_TRY(write_netboot_files(), ""); // names what the others have made
        std::ranges::sort(files_, {}, &ManifestFile::name);
        return std::move(files_);
    }

  private:
    [[nodiscard]] bool wants(const std::string& name) const { return wanted_.contains(name); }

    /// On disk and described: from here on it is one of the image's files.
    Result<ManifestFile> keep(const std::string& name) {
        INGOT_TRY(sync_file(made_ / name), "");
        INGOT_ASSIGN(auto file, describe(made_ / name), "");
        const std::lock_guard lock(mutex_);
        files_.push_back(file);
        return file;
    }

    Status write_tar_files() {
        if (!wants(kTar)) { return {}; }
        INGOT_TRY(write_tar(tree_, made_ / kTar, manifest_.date), "");
        INGOT_TRY(keep(kTar), "");
        return {};
    }

    Status write_squashfs_files() {
        if (!wants(kSquashfs)) { return {}; }
        INGOT_TRY(write_squashfs(processes_, tree_, made_ / kSquashfs, manifest_.date), "");
        INGOT_TRY(keep(kSquashfs), "");
        return {};
    }

    [[nodiscard]] ManifestFile kept(std::string_view name) const {
        const auto found = std::ranges::find(files_, name, &ManifestFile::name);
        return found == files_.end() ? ManifestFile{} : *found;
    }

    Status write_netboot_files() {
        if (!wants("boot.ipxe")) { return {}; }
        const auto root = kept(kSquashfs);
        NetbootScript script{.role = manifest_.role,
                             .root = {.name = root.name, .size = root.size, .sha256 = root.sha256},
                             .command_line = packing_.command_line};
        if (has_install_img(packing_)) {
            script.map_sha256 = kept(diskmap::kFileName).sha256;
            INGOT_TRY(write_install_img(packing_.installer, packing_.public_key, manifest_.date, made_ / kInstallImg),
                      text::format("making {}", kInstallImg));
            INGOT_TRY(keep(kInstallImg), "");
        }
        INGOT_TRY(write_netboot(tree_, made_, script), "");
        for (const auto* name : {"boot.ipxe", "initrd", "vmlinuz"}) { INGOT_TRY(keep(name), ""); }
        return {};
    }

    Status write_disk_files() {
        if (!wants(kRaw) && !wants(kRawZst) && !wants(kQcow2)) { return {}; }
        const auto raw = made_ / kRaw;
        INGOT_ASSIGN(auto boot,
                     write_raw(processes_, tree_, raw,
                               {.seed = packing_.seed,
                                .date = manifest_.date,
                                .free_bytes = packing_.free_bytes,
                                .command_line = packing_.command_line}),
                     text::format("making {}", kRaw));
        if (wants(kRawZst)) {
            INGOT_ASSIGN(auto map, write_raw_zst(raw, made_ / kRawZst), text::format("making {}", kRawZst));
            map.boot = std::move(boot);
            INGOT_TRY(files::write(made_ / diskmap::kFileName, diskmap::render(map)), "");
            for (const auto* name : {kRawZst, diskmap::kFileName}) { INGOT_TRY(keep(name), ""); }
        }
        if (wants(kQcow2)) {
            INGOT_TRY(write_qcow2(raw, made_ / kQcow2), text::format("making {}", kQcow2));
            INGOT_TRY(keep(kQcow2), "");
        }
        if (!wants(kRaw)) { return files::remove_file(raw); }
        INGOT_TRY(keep(kRaw), "");
        return {};
    }

    process::Processes& processes_;
    const fs::path& tree_;
    const fs::path& made_;
    const Packing& packing_;
    const Manifest& manifest_;
    std::set<std::string> wanted_;
    std::mutex mutex_;
    std::vector<ManifestFile> files_;
};

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

/// The bill is one of the image's files; the manifest names all of them; the signature is over the manifest.
Status write_companions(const fs::path& folder, Manifest& manifest, const Companions& companions) {
    if (companions.bill) {
        INGOT_ASSIGN(const auto bill, companions.bill(manifest), "writing the bill of materials");
        const auto file = folder / "sbom.spdx.json";
        INGOT_TRY(files::write(file, bill), "");
        INGOT_ASSIGN(auto described, describe(file), "");
        manifest.files.push_back(std::move(described));
    }
    const auto text = render_manifest(manifest);
    INGOT_TRY(files::write(folder / "manifest.json", text), "");
    if (!companions.signature) { return {}; }
    INGOT_ASSIGN(const auto signature, companions.signature(text), "signing the manifest");
    return files::write(folder / "manifest.json.sig", signature);
}

} // namespace

std::string inputs_of(std::string_view image_key, const Packing& packing) {
    auto text = text::format("pack {}\ntree {}\n", kPackRecipe, image_key);
    // By files, not by formats: whoever has them cannot tell squashfs and netboot from netboot.
    std::set<std::string> files;
    for (const auto format : packing.formats) {
        for (auto& name : file_names(format)) { files.insert(std::move(name)); }
    }
    for (const auto& name : files) { text += text::format("file {}\n", name); }
    text += text::format("command line {}\nfree {}\n", packing.command_line, packing.free_bytes);
    if (has_install_img(packing)) {
        const auto digest = crypto::sha256_file(packing.installer);
        text += text::format("installer {}\nkey {}\n", digest ? *digest : "unreadable", packing.public_key);
    }
    return crypto::sha256_hex(text);
}

std::vector<std::string> file_names(spec::Format format) {
    switch (format) {
    case spec::Format::raw: return {kRaw};
    case spec::Format::raw_zst: return {diskmap::kFileName, kRawZst};
    case spec::Format::qcow2: return {kQcow2};
    case spec::Format::tar_zst: return {kTar};
    case spec::Format::squashfs: return {kSquashfs};
    case spec::Format::netboot: return {"boot.ipxe", "initrd", kSquashfs, "vmlinuz"};
    }
    return {};
}

std::optional<Manifest> up_to_date(const fs::path& output, std::string_view role, std::string_view inputs,
                                   const KnownDigests& digests) {
    const auto folder = output / role;
    const auto text = files::read(folder / "manifest.json");
    if (!text) { return std::nullopt; }
    auto manifest = parse_manifest(*text);
    if (!manifest || manifest->inputs != inputs || manifest->files.empty()) { return std::nullopt; }
    for (const auto& file : manifest->files) {
        const auto found = digests.sha256(folder / file.name);
        if (!found || *found != file.sha256) { return std::nullopt; }
    }
    return *std::move(manifest);
}

Status check_place(const fs::path& output, std::string_view role) {
    const auto folder = output / role;
    if (!files::exists(folder)) { return {}; }
    const auto refuse = [&](const std::string& why) {
        return fail(ErrorKind::refused, text::format("{} {}. A build replaces that folder as a whole: move it away, "
                                                     "or choose another --output",
                                                     folder.string(), why));
    };
    if (!fs::is_directory(folder)) { return refuse("is no folder"); }
    INGOT_ASSIGN(const auto names, files::list(folder), "looking at what is there already");
    if (names.empty()) { return {}; }
    const auto text = files::read(folder / "manifest.json");
    const auto manifest = text ? parse_manifest(*text) : Result<Manifest>(text.error());
    if (!manifest) { return refuse("is not an image of ingot (it has no manifest.json that can be read)"); }
    std::set<std::string> ours = {"manifest.json", "manifest.json.sig"};
    for (const auto& file : manifest->files) { ours.insert(file.name); }
    for (const auto& name : names) {
        if (!ours.contains(name)) { return refuse(text::format("holds '{}', which is no file of the image", name)); }
    }
    return {};
}

Result<Manifest> write_artefacts(process::Processes& processes, const fs::path& tree, const fs::path& output,
                                 const Packing& packing, Manifest manifest, const Companions& companions) {
    const auto prefix = text::format(".{}.new-", manifest.role);
    const auto made = output / text::format("{}{}", prefix, ::getpid());
    INGOT_TRY(check_place(output, manifest.role), "");
    INGOT_TRY(files::make_directory(output), "making the output folder");
    INGOT_TRY(remove_leftovers(output, prefix), "");
    INGOT_TRY(files::make_directory(made), "");
    auto written = Packer(processes, tree, made, packing, manifest).write();
    if (!written) {
        INGOT_TRY(files::remove_tree(made), "");
        return std::move(written).error();
    }
    manifest.files = *std::move(written);
    if (auto complete = write_companions(made, manifest, companions); !complete) {
        INGOT_TRY(files::remove_tree(made), "");
        return std::move(complete).error();
    }
    if (auto free = check_place(output, manifest.role); !free) { // packing takes a while
        INGOT_TRY(files::remove_tree(made), "");
        return std::move(free).error();
    }
    INGOT_TRY(exchange(made, output / manifest.role), "");
    return manifest;
}

} // namespace ingot::builder::artefacts
