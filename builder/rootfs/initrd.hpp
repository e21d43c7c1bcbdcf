// The initrd, made once for all roles that share a kernel: it costs as much as all of an image layer else.
//
// What decides its content: the packages of the first layer, and what the overlays hold under
// /etc/initramfs-tools. So it is a layer of its own, which no other overlay file touches.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

/// One hash for each of the folders `<overlay>/etc/initramfs-tools` that are there; none for the others.
Result<std::vector<std::string>> initrd_digests(const std::vector<std::filesystem::path>& overlays);

/// Lays those folders into the tree at `root` and makes an initrd for the kernel there. tool_failed, with what was
/// said, if there is none afterwards.
Status make_initrd(process::Processes& processes, const std::filesystem::path& root,
                   const std::vector<std::filesystem::path>& overlays, std::int64_t image_time);

} // namespace ingot::builder::rootfs
