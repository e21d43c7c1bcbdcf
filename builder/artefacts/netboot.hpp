// Booting over the network, into RAM: the kernel and initrd of the image beside its squashfs, and a script for iPXE
// that fetches them. The initrd fetches the squashfs itself (overlays/base/etc/initramfs-tools/scripts/ingot).
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

/// The text of boot.ipxe. Pure.
std::string render_ipxe(std::string_view role, const NetbootRoot& root, std::string_view command_line);

/// Writes vmlinuz, initrd and boot.ipxe into `folder`. not_found if the tree has no kernel.
Status write_netboot(const std::filesystem::path& tree, const std::filesystem::path& folder, std::string_view role,
                     const NetbootRoot& root, std::string_view command_line);

} // namespace ingot::builder::artefacts
