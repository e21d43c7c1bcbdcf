// Offsets are GRUB's own (include/grub/i386/pc/boot.h): boot.img keeps the sector of the core image at 0x5C;
// the first sector of the core image (diskboot.img) ends in a list of {sector: 8, count: 2, segment: 2}
// bytes that says where the rest lies and where it is loaded. In boot.img the two bytes at 0x66 are a jump
// that is replaced by NOPs on hard disks, so that a BIOS which passes a wrong drive number still boots.
#include "builder/disk/grub.hpp"

#include "builder/disk/bytes.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::disk {

namespace {

constexpr std::size_t kSectorSize = 512;
constexpr std::size_t kBootCode = 440;
constexpr std::size_t kKernelSector = 0x5C;
constexpr std::size_t kDriveCheck = 0x66;
constexpr std::size_t kBlockList = kSectorSize - 12;
constexpr std::uint64_t kLoadSegment = 0x820; // 0x8000 + one sector, in paragraphs

} // namespace

Result<std::string> grub_boot_code(std::string_view boot_img, std::uint64_t core_sector) {
    if (boot_img.size() != kSectorSize || !boot_img.ends_with("\x55\xAA")) {
        return fail(ErrorKind::invalid_input, "GRUB's boot.img is not a boot sector");
    }
    std::string code(boot_img.substr(0, kBootCode));
    put_number(code, kKernelSector, core_sector, 8);
    put_bytes(code, kDriveCheck, "\x90\x90");
    return code;
}

Result<std::string> grub_core_image(std::string_view core_img, std::uint64_t core_sector, std::uint64_t limit) {
    if (core_img.size() <= kSectorSize) { return fail(ErrorKind::invalid_input, "GRUB's core image is too short"); }
    std::string core(core_img);
    core.resize((core.size() + kSectorSize - 1) / kSectorSize * kSectorSize, '\0');
    if (core.size() > limit) {
        return fail(ErrorKind::invalid_input, text::format("GRUB's core image has {}, its partition {}",
                                                           text::human_bytes(core.size()), text::human_bytes(limit)));
    }
    put_number(core, kBlockList, core_sector + 1, 8);
    put_number(core, kBlockList + 8, core.size() / kSectorSize - 1, 2);
    put_number(core, kBlockList + 10, kLoadSegment, 2);
    return core;
}

} // namespace ingot::builder::disk
