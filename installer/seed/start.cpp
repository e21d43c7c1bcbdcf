#include "installer/seed/start.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/kexec.h>
#include <linux/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "installer/seed/root.hpp"

namespace ingot::installer {

// NOLINTBEGIN(cppcoreguidelines-pro-type-vararg): system calls are so
Status start_installed(const std::filesystem::path& disk, const diskmap::Boot& boot) {
    INGOT_ASSIGN(auto root, MountedRoot::mount(disk, boot.root_at, 0, Access::read_only), "");
    {
        const files::Fd kernel(::open((root.path() / boot.kernel).c_str(), O_RDONLY | O_CLOEXEC));
        const files::Fd initrd(::open((root.path() / boot.initrd).c_str(), O_RDONLY | O_CLOEXEC));
        if (!kernel.valid() || !initrd.valid()) {
            return fail_errno(errno, "opening the kernel on " + disk.string());
        }
        if (::syscall(SYS_kexec_file_load, kernel.get(), initrd.get(), boot.command_line.size() + 1,
                      boot.command_line.c_str(), 0UL) != 0) {
            return fail_errno(errno, "loading the kernel of " + disk.string());
        }
    }
    INGOT_TRY(root.end(), "");
    ::sync();
    if (::syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, nullptr) != 0) {
        return fail_errno(errno, "starting the kernel of " + disk.string());
    }
    return {};
}
// NOLINTEND(cppcoreguidelines-pro-type-vararg)

} // namespace ingot::installer
