#include "builder/lab/client/preflight.hpp"

#include <array>
#include <filesystem>
#include <fstream>

#include <unistd.h>

#include "builder/lab/model/state.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::lab {

namespace {

struct Tool {
    const char* name;
    const char* package;
    const char* purpose;
};

constexpr std::array kTools = {
    Tool{"systemd-nspawn", "systemd-container", "which runs its machines"},
    Tool{"dnsmasq", "dnsmasq-base", "which gives them their addresses"},
    Tool{"ip", "iproute2", "which makes their network"},
    Tool{"nft", "nftables", "which cuts their network"},
    Tool{"mount", "mount", "which mounts their images"},
};

struct FileSystem {
    const char* name;
    const char* purpose;
};

constexpr std::array kFileSystems = {
    FileSystem{"squashfs", "which the images are made of"},
    FileSystem{"overlay", "which the machines' disks are made of"},
    FileSystem{"cgroup2", "which systemd in the machines needs"},
};

bool is_installed(const char* tool) {
    for (const auto* folder : {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/", "/usr/local/sbin/", "/usr/local/bin/"}) {
        if (::access((std::string(folder) + tool).c_str(), X_OK) == 0) { return true; }
    }
    return false;
}

bool kernel_knows(std::string_view file_system) {
    const auto listed = files::read("/proc/filesystems");
    if (!listed) { return false; }
    for (const auto& line : text::lines(*listed)) {
        if (line.substr(line.find_last_of(" \t") + 1) == file_system) { return true; }
    }
    return false;
}

/// Asks for the module of something that may be one. Whether it helped is looked at afterwards.
void load_module(process::Processes& processes, const std::string& module) {
    [[maybe_unused]] const auto tried = processes.run({.argv = {"modprobe", "--quiet", module}});
}

/// The systemd of each machine takes four inotify instances of root's. The kernel's 128 are too few for thirty
/// machines, and one that gets none ends at once. More cost nothing; the setting lasts until this machine is started
/// again.
void allow_many_watches() {
    constexpr const char* kSetting = "/proc/sys/fs/inotify/max_user_instances";
    constexpr int kEnough = 1024;
    int now = 0;
    if (std::ifstream(kSetting) >> now && now < kEnough) { std::ofstream(kSetting) << kEnough << '\n'; }
}

} // namespace

Status check_root(const std::string& command) {
    if (::geteuid() == 0) { return {}; }
    return fail(
        ErrorKind::refused,
        text::format("the lab makes namespaces, mounts and loop devices, which only root may: sudo {}", command));
}

Status check_host(process::Processes& processes) {
    std::vector<std::string> missing;
    std::vector<std::string> packages;
    for (const auto& tool : kTools) {
        if (is_installed(tool.name)) { continue; }
        missing.push_back(text::format("the lab needs {}, {}", tool.name, tool.purpose));
        packages.emplace_back(tool.package);
    }
    for (const auto& file_system : kFileSystems) {
        if (!kernel_knows(file_system.name)) { load_module(processes, file_system.name); }
        if (!kernel_knows(file_system.name)) {
            missing.push_back(
                text::format("this machine's kernel has no {}, {}", file_system.name, file_system.purpose));
        }
    }
    if (!files::exists("/dev/loop-control")) { load_module(processes, "loop"); }
    if (!files::exists("/dev/loop-control")) {
        missing.emplace_back("this machine has no loop devices, by which images are mounted");
    }
    allow_many_watches();
    if (missing.empty()) { return {}; }
    if (!packages.empty()) { missing.push_back("install them with: apt install " + text::join(packages, " ")); }
    return fail(ErrorKind::refused, text::join(missing, "\n"));
}

Status check_images(const std::string& images) {
    std::vector<std::string> missing;
    for (const auto role : {Role::db, Role::etcd, Role::proxy}) {
        if (!files::exists(image_of(images, role))) { missing.emplace_back(cloud_init::to_string(role)); }
    }
    if (missing.empty()) { return {}; }
    return fail(ErrorKind::not_found, text::format("there is no image of {} in {}; build {} with: ingot build {}",
                                                   text::join(missing, ", "), images,
                                                   missing.size() == 1 ? "it" : "them", text::join(missing, " ")));
}

} // namespace ingot::builder::lab
