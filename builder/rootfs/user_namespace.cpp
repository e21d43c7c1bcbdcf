#include "builder/rootfs/user_namespace.hpp"

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/files/files.hpp"
#include "common/process/process.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

/// 65534 is nobody, the highest id that packages give to anything.
constexpr std::uint32_t kNeeded = 65534;

Error not_set_up(const std::string& what) {
    return fail(ErrorKind::refused, text::format("building without root: {}. Or run it with sudo", what));
}

std::string user_name(uid_t id) {
    const auto* const entry = ::getpwuid(id); // NOLINT(concurrency-mt-unsafe): before any thread
    return entry == nullptr ? std::string() : std::string(entry->pw_name);
}

Result<IdRange> lent(const char* file, const std::string& user, std::uint32_t id) {
    const auto content = files::read(file);
    const auto range = content ? subordinate_ids(*content, user, id) : std::nullopt;
    if (range && range->count >= kNeeded) { return *range; }
    return not_set_up(text::format("{} lends {} no {} ids. As root: usermod --add-subuids 100000-165535 "
                                   "--add-subgids 100000-165535 {}",
                                   file, user, kNeeded, user));
}

std::vector<std::string> mapper(const char* program, pid_t process, std::uint32_t own, IdRange range) {
    return {program,
            text::format("{}", process),
            "0",
            text::format("{}", own),
            "1",
            "1",
            text::format("{}", range.start),
            text::format("{}", range.count)};
}

/// Runs the two setuid programs that write the maps. They have to be started outside of the namespace.
int write_maps(pid_t target, const IdRange& users, const IdRange& groups) {
    process::PosixProcesses processes;
    for (const auto& argv :
         {mapper("newuidmap", target, ::getuid(), users), mapper("newgidmap", target, ::getgid(), groups)}) {
        const auto done = processes.run({.argv = argv});
        if (!done || done->exit_code != 0) { return 1; }
    }
    return 0;
}

/// Tells the child that the namespace is there, and waits until it has written the maps.
Status map_by(pid_t child, int pipe) {
    const bool told = ::write(pipe, "x", 1) == 1;
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    if (told && WIFEXITED(status) && WEXITSTATUS(status) == 0) { return {}; }
    return not_set_up("newuidmap and newgidmap could not map the ids (is the package uidmap installed?)");
}

} // namespace

std::optional<IdRange> subordinate_ids(std::string_view text, std::string_view user, std::uint32_t id) {
    std::optional<IdRange> best;
    for (const auto& line : text::lines(text)) {
        const auto fields = text::split(line, ':');
        if (fields.size() != 3 || (fields[0] != user && fields[0] != text::format("{}", id))) { continue; }
        const auto start = text::to_number(fields[1]);
        const auto count = text::to_number(fields[2]);
        if (!start || !count || *start <= 0 || *count <= 0 || *start + *count > UINT32_MAX) { continue; }
        const IdRange range{static_cast<std::uint32_t>(*start), static_cast<std::uint32_t>(*count)};
        if (!best || range.count > best->count) { best = range; }
    }
    return best;
}

bool in_user_namespace() {
    const auto map = files::read("/proc/self/uid_map");
    if (!map) { return false; }
    // The first namespace maps all 2^32 - 1 ids to themselves.
    return text::trim(*map).find("4294967295") == std::string_view::npos;
}

Status enter_user_namespace() {
    const auto user = user_name(::getuid());
    INGOT_ASSIGN(const auto users, lent("/etc/subuid", user, ::getuid()), "");
    INGOT_ASSIGN(const auto groups, lent("/etc/subgid", user, ::getuid()), "");
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) { return fail_errno(errno, "making a pipe"); }
    const files::Fd reading(ends[0]);
    files::Fd writing(ends[1]);
    const auto self = ::getpid();
    const auto child = ::fork();
    if (child < 0) { return fail_errno(errno, "starting a process"); }
    if (child == 0) {
        writing = files::Fd(); // else the read below never ends when this process dies
        char byte = 0;
        ::_exit(::read(reading.get(), &byte, 1) == 1 ? write_maps(self, users, groups) : 1);
    }
    if (::unshare(CLONE_NEWUSER) != 0) {
        const int why = errno;
        writing = files::Fd();
        ::waitpid(child, nullptr, 0);
        return not_set_up(fail_errno(why, "this machine allows no user namespaces (see "
                                          "/proc/sys/user/max_user_namespaces, and on Ubuntu "
                                          "/proc/sys/kernel/apparmor_restrict_unprivileged_userns)")
                              .message);
    }
    INGOT_TRY(map_by(child, writing.get()), "");
    if (::setresgid(0, 0, 0) != 0 || ::setgroups(0, nullptr) != 0 || ::setresuid(0, 0, 0) != 0) {
        return fail_errno(errno, "becoming root of a user namespace");
    }
    return {};
}

} // namespace ingot::builder::rootfs
