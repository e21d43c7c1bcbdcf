#include "builder/rootfs/isolation.hpp"

#include <cerrno>
#include <cstring>
#include <string_view>

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "builder/rootfs/user_namespace.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

constexpr auto kScriptsTimeout = std::chrono::minutes(30);
/// Some scripts write the host's name into files; it must not be that of the build machine.
constexpr std::string_view kHostName = "localhost";

std::vector<std::string> isolated(const std::string& proc, std::vector<std::string> more,
                                  std::vector<std::string> argv) {
    std::vector<std::string> all = {"unshare", "--net", "--pid", "--fork", "--kill-child", proc};
    all.insert(all.end(), more.begin(), more.end());
    all.insert(all.end(), argv.begin(), argv.end());
    return all;
}

} // namespace

Status enter_private_namespaces() {
    if (::geteuid() != 0) { INGOT_TRY(enter_user_namespace(), ""); }
    if (::unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC) != 0) {
        return fail_errno(errno, "leaving the machine's namespaces (a container has to be privileged for this)");
    }
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
        return fail_errno(errno, "making mounts private");
    }
    if (::sethostname(kHostName.data(), kHostName.size()) != 0) { return fail_errno(errno, "setting the host name"); }
    ::umask(022);
    return {};
}

std::map<std::string, std::string> build_environment(std::int64_t image_time) {
    return {
        {"DEBIAN_FRONTEND", "noninteractive"},
        {"DEBCONF_NONINTERACTIVE_SEEN", "true"},
        {"UCF_FORCE_CONFFOLD", "1"},
        {"INITRD", "No"},
        {"SYSTEMD_OFFLINE", "1"},
        {"TZ", "UTC"},
        {"SOURCE_DATE_EPOCH", text::format("{}", image_time)},
    };
}

process::Command inside(const std::filesystem::path& root, std::vector<std::string> argv, std::int64_t image_time) {
    return {.argv = isolated("--mount-proc", {"--root=" + root.string(), "--wd=/"}, std::move(argv)),
            .environment = build_environment(image_time),
            .timeout = kScriptsTimeout};
}

process::Command around(const std::filesystem::path& root, std::vector<std::string> argv, std::int64_t image_time) {
    return {.argv = isolated("--mount-proc=" + (root / "proc").string(), {}, std::move(argv)),
            .environment = build_environment(image_time),
            .timeout = kScriptsTimeout};
}

} // namespace ingot::builder::rootfs
