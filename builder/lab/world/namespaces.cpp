#include "builder/lab/world/namespaces.hpp"

#include <cerrno>
#include <csignal>
#include <functional>

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

Status mount_one(const char* source, const char* target, const char* type, unsigned long flags, const char* data) {
    if (::mount(source, target, type, flags, data) == 0) { return {}; }
    return fail_errno(errno, text::format("mounting {} on {}", type == nullptr ? source : type, target));
}

} // namespace

Status leave_host_namespaces() {
    if (::unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) == 0) { return {}; }
    if (errno == EPERM || errno == EINVAL || errno == ENOSYS) {
        return fail(ErrorKind::refused, "this machine does not allow new namespaces, which the lab is made of "
                                        "(a container without the privilege, or a kernel without them)");
    }
    return fail_errno(errno, "making namespaces for the lab");
}

Status furnish_world(process::Processes& /*processes*/) {
    INGOT_TRY(mount_one("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr),
              "separating the lab's mounts from the host's");
    INGOT_TRY(mount_one("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr), "");
    INGOT_TRY(mount_one("sysfs", "/sys", "sysfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr), "");
    // On a host with the old (v1 or hybrid) hierarchies this gives the machines a plain cgroup2 tree all the same.
    INGOT_TRY(mount_one("cgroup2", "/sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NODEV | MS_NOEXEC, nullptr), "");
    INGOT_TRY(mount_one("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755"), "");
    return {};
}

Status mount_image(process::Processes& processes, const std::filesystem::path& image,
                   const std::filesystem::path& at) {
    INGOT_TRY(files::make_directory(at), "");
    INGOT_TRY(
        run_checked(processes, {.argv = {"mount", "-t", "squashfs", "-o", "loop,ro", image.string(), at.string()}}),
        "mounting " + image.string());
    return {};
}

Status mount_overlay(const std::filesystem::path& lower, const std::filesystem::path& node_folder,
                     const std::filesystem::path& at) {
    const auto upper = node_folder / "upper";
    const auto work = node_folder / "work";
    for (const auto& folder : {upper, work, at}) { INGOT_TRY(files::make_directory(folder), ""); }
    const auto options =
        text::format("lowerdir={},upperdir={},workdir={}", lower.string(), upper.string(), work.string());
    if (::mount("overlay", at.c_str(), "overlay", 0, options.c_str()) == 0) { return {}; }
    if (errno == EINVAL) {
        return fail(
            ErrorKind::refused,
            text::format("the file system of {} cannot hold the disks of the lab's machines (it does not serve as "
                         "the upper layer of overlayfs, as ext4 and xfs do)",
                         node_folder.string()));
    }
    return fail_errno(errno, "mounting the disk of " + node_folder.filename().string());
}

Status unmount(const std::filesystem::path& at) {
    if (::umount2(at.c_str(), UMOUNT_NOFOLLOW) == 0 || errno == EINVAL || errno == ENOENT) { return {}; }
    if (errno == EBUSY && ::umount2(at.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) { return {}; }
    return fail_errno(errno, "unmounting " + at.string());
}

Result<int> in_private_mounts(const std::function<int()>& body) {
    const pid_t pid = ::fork();
    if (pid < 0) { return fail_errno(errno, "starting a child"); }
    if (pid == 0) {
        constexpr int kNoNamespace = 70;
        if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
            ::_exit(kNoNamespace);
        }
        ::_exit(body());
    }
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {}
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

} // namespace ingot::builder::lab
