// Booting over the network, into RAM: the kernel and initrd of the image beside its squashfs, and a script for iPXE
// that fetches them. The initrd fetches the squashfs itself (overlays/base/etc/initramfs-tools/scripts/ingot), or,
// with install.img, has the disk image written to a disk (installer/).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::builder::artefacts {

/// The root image as the initrd has to find it.
struct NetbootRoot {
    std::string name;
    std::uint64_t size = 0;
    std::string sha256;
};

/// What boot.ipxe is about.
struct NetbootScript {
    std::string_view role;
    NetbootRoot root;
    std::string_view command_line;
    std::string map_sha256{}; ///< of disk.map.json; empty: the image cannot be installed to a disk
};

/// The text of boot.ipxe. Pure.
std::string render_ipxe(const NetbootScript& script);

/// Writes vmlinuz, initrd and boot.ipxe into `folder`. not_found if the tree has no kernel.
Status write_netboot(const std::filesystem::path& tree, const std::filesystem::path& folder,
                     const NetbootScript& script);

} // namespace ingot::builder::artefacts
