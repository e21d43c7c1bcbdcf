// GRUB on a disk image, without grub-install: the two patches that grub-bios-setup would make.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::builder::disk {

/// The 440 bytes of boot code for the MBR: GRUB's boot.img, told that the core image starts at sector
/// `core_sector`. invalid_input if that is not a boot.img (512 bytes, ends in 55 AA).
Result<std::string> grub_boot_code(std::string_view boot_img, std::uint64_t core_sector);

/// GRUB's core image (grub-mkimage -O i386-pc), its block list told that it lies from `core_sector` on in
/// one piece. invalid_input if it is no core image or larger than `limit` bytes.
Result<std::string> grub_core_image(std::string_view core_img, std::uint64_t core_sector, std::uint64_t limit);

} // namespace ingot::builder::disk
