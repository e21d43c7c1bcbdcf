// What a package's scripts may see while an image is built: the tree, and nothing else.
//
// ingot itself leaves the machine's mount, hostname and IPC namespaces once, at the start; however it dies, no mount
// outlives it. Each command in a tree gets a network without interfaces and a process namespace that ends with it, so
// that nothing it starts survives.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::rootfs {

/// Moves this process (and the threads it starts later) into private namespaces, under a fixed host name and umask.
/// Who is not root becomes root of a user namespace. Call it before any thread is started.
Status enter_private_namespaces();

/// What maintainer scripts are told: no questions, no initrd, UTC, and the time of the image.
std::map<std::string, std::string> build_environment(std::int64_t image_time);

/// A command that runs inside the tree `root` (chroot, own /proc).
process::Command inside(const std::filesystem::path& root, std::vector<std::string> argv, std::int64_t image_time);

/// A command of this machine that works on the tree and runs scripts in it (apt-get with DPkg::Chroot-Directory).
process::Command around(const std::filesystem::path& root, std::vector<std::string> argv, std::int64_t image_time);

} // namespace ingot::builder::rootfs
