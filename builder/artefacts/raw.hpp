// A disk image that boots by BIOS and by UEFI alike: GPT with a BIOS boot partition, an EFI system partition
// with the removable path, and an ext4 root. Written as a sparse file; no loop device, no mount.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "common/diskmap/diskmap.hpp"
#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

struct RawOptions {
    std::string seed;             ///< identifiers are derived from it: same seed, same bytes
    std::int64_t date = 0;        ///< of everything that has a date, seconds since the epoch
    std::uint64_t free_bytes = 0; ///< room left on the root; it grows to the disk on first boot anyway
    std::string command_line{};   ///< of the kernel, after root=
};

/// The kernel and its initrd as they lie in a tree ("boot/vmlinuz-…"); not_found if the tree has none.
struct BootFiles {
    std::string kernel;
    std::string initrd;
};
Result<BootFiles> find_boot_files(const std::filesystem::path& tree);

/// What GRUB does when it has found the root, the same for BIOS and UEFI. Pure.
std::string render_grub_config(const std::string& root_uuid, const std::string& root_partuuid, const BootFiles& boot,
                               const std::string& command_line);

/// Writes the image of `tree` to `file`, and says how it boots. not_found if the tree has no kernel or this machine
/// lacks GRUB's files.
Result<diskmap::Boot> write_raw(process::Processes& processes, const std::filesystem::path& tree,
                                const std::filesystem::path& file, const RawOptions& options);

} // namespace ingot::builder::artefacts
