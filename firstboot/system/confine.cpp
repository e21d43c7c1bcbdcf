#include "firstboot/system/confine.hpp"

#include <array>
#include <cerrno>
#include <cstddef>
#include <vector>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace ingot::firstboot {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "name this architecture's AUDIT_ARCH_ here"
#endif

/// Numbers from here on are x86-64's second table (x32) for the same calls.
constexpr std::uint32_t kSecondTable = 0x40000000;

/// As systemd's groups @mount, @module, @clock, @swap, @raw-io, @debug, @obsolete, and what leads out of a sandbox.
constexpr auto kRefused = std::to_array<std::uint32_t>({
    SYS_mount,
    SYS_umount2,
    SYS_pivot_root,
    SYS_chroot,
    SYS_move_mount,
    SYS_open_tree,
    SYS_fsopen,
    SYS_fsconfig,
    SYS_fsmount,
    SYS_fspick,
    SYS_mount_setattr,
    SYS_open_by_handle_at,
    SYS_quotactl,
    SYS_init_module,
    SYS_finit_module,
    SYS_delete_module,
    SYS_kexec_load,
    SYS_unshare,
    SYS_setns,
    SYS_ptrace,
    SYS_process_vm_readv,
    SYS_process_vm_writev,
    SYS_kcmp,
    SYS_perf_event_open,
    SYS_bpf,
    SYS_userfaultfd,
    SYS_pidfd_getfd,
    SYS_lookup_dcookie,
    SYS_syslog,
    SYS_clock_settime,
    SYS_settimeofday,
    SYS_adjtimex,
    SYS_clock_adjtime,
    SYS_swapon,
    SYS_swapoff,
    SYS_acct,
    SYS_sethostname,
    SYS_setdomainname,
    SYS_add_key,
    SYS_request_key,
    SYS_keyctl,
    SYS_personality,
    SYS_vhangup,
    SYS_nfsservctl,
#if defined(__x86_64__)
    SYS_kexec_file_load,
    SYS_iopl,
    SYS_ioperm,
    SYS_modify_ldt,
    SYS_uselib,
    SYS_ustat,
    SYS__sysctl,
    SYS_create_module,
    SYS_get_kernel_syms,
    SYS_query_module,
#endif
});

std::vector<::sock_filter> program() {
    constexpr std::uint32_t kRefusal = SECCOMP_RET_ERRNO | EPERM;
    std::vector<::sock_filter> code;
    const auto load = [&code](std::size_t offset) {
        code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
    };
    const auto refuse_unless_skipped = [&] { code.push_back(BPF_STMT(BPF_RET | BPF_K, kRefusal)); };
    load(offsetof(::seccomp_data, arch));
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
    refuse_unless_skipped();
    load(offsetof(::seccomp_data, nr));
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kSecondTable, 0, 1));
    refuse_unless_skipped();
    for (const auto number : kRefused) {
        code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
        refuse_unless_skipped();
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return code;
}

} // namespace

Status confine() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) { return fail_errno(errno, "giving up new privileges"); }
    auto code = program();
    const ::sock_fprog whole{.len = static_cast<unsigned short>(code.size()), .filter = code.data()};
    // With TSYNC it holds for the threads that are there already, which are those that listen.
    const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &whole);
    if (result < 0) { return fail_errno(errno, "giving up system calls"); }
    if (result > 0) { return fail(ErrorKind::bug, "a thread has a filter of system calls of its own"); }
    return {};
}

} // namespace ingot::firstboot
