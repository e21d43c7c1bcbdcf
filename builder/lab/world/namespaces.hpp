// A world of its own for a lab: PID, mount, network, UTS and IPC namespaces.
//
// The kernel ends all processes of a PID namespace when its first process ends, and a mount or network
// namespace when its last process has. So nothing of a lab can outlive its supervisor, however that dies.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <sys/types.h>

#include "common/process/process.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::lab {

/// Takes the calling process out of the host's namespaces. The PID namespace is entered by its next child.
Status leave_host_namespaces();

/// Mounts what the new world needs, in its first process: own /proc and /sys, a cgroup2 tree, an empty /run.
Status furnish_world(process::Processes& processes);

/// Mounts a squashfs read-only through a loop device that frees itself when it is unmounted.
Status mount_image(process::Processes& processes, const std::filesystem::path& image,
                   const std::filesystem::path& at);
/// Mounts a machine's file system: the image below, its own changes above.
Status mount_overlay(const std::filesystem::path& lower, const std::filesystem::path& node_folder,
                     const std::filesystem::path& at);
/// Unmounts, lazily if something still holds it. Nothing mounted there is success.
Status unmount(const std::filesystem::path& at);

/// Runs `body` in a child process with a mount namespace of its own, and returns its exit code.
Result<int> in_private_mounts(const std::function<int()>& body);

} // namespace ingot::builder::lab
