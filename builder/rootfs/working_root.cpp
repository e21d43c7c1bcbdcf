#include "builder/rootfs/working_root.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "builder/rootfs/user_namespace.hpp"
#include "common/files/files.hpp"

namespace ingot::builder::rootfs {

namespace {

struct Device {
    const char* name;
    unsigned major;
    unsigned minor;
};

constexpr std::array kDevices = {Device{"null", 1, 3},   Device{"zero", 1, 5},    Device{"full", 1, 7},
                                 Device{"random", 1, 8}, Device{"urandom", 1, 9}, Device{"tty", 5, 0}};

/// Root of a user namespace cannot make device nodes: there, those of the machine are shown.
Status fill_dev(const std::filesystem::path& dev, std::vector<Mount>& mounts) {
    for (const auto& device : kDevices) {
        const auto path = dev / device.name;
        constexpr mode_t kMode = 0666;
        if (in_user_namespace()) {
            INGOT_TRY(files::write(path, ""), "");
            INGOT_ASSIGN(auto mount, Mount::bind(std::filesystem::path("/dev") / device.name, path), "");
            mounts.push_back(std::move(mount));
            continue;
        }
        if (::mknod(path.c_str(), S_IFCHR | kMode, ::makedev(device.major, device.minor)) != 0) {
            return fail_errno(errno, "making " + path.string());
        }
        ::chmod(path.c_str(), kMode); // mknod is under the umask
    }
    std::error_code problem;
    std::filesystem::create_symlink("/proc/self/fd", dev / "fd", problem);
    std::filesystem::create_directory(dev / "shm", problem);
    if (problem) { return fail_errno(problem.value(), "filling " + dev.string()); }
    return {};
}

} // namespace

Result<WorkingRoot> WorkingRoot::open(const std::filesystem::path& workspace,
                                      const std::vector<std::filesystem::path>& lowers,
                                      const std::filesystem::path& debs) {
    for (const auto* name : {"upper", "work", "root", "empty"}) {
        INGOT_TRY(files::make_directory(workspace / name), "preparing a layer");
    }
    WorkingRoot root(workspace / "root", workspace / "upper");
    auto below = lowers;
    if (below.empty()) { below.push_back(workspace / "empty"); }
    INGOT_ASSIGN(auto overlay, Mount::overlay(below, root.upper_, workspace / "work", root.path_), "");
    root.mounts_.push_back(std::move(overlay));
    INGOT_TRY(root.mount_support(debs), "");
    return root;
}

Status WorkingRoot::mount_support(const std::filesystem::path& debs) {
    struct Support {
        const char* name;
        const char* options;
        mode_t mode;
    };
    for (const auto& [name, options, mode] :
         {Support{"proc", nullptr, 0755}, Support{"sys", nullptr, 0755}, Support{"dev", "mode=755", 0755},
          Support{"run", "mode=755", 0755}, Support{"tmp", "mode=1777", 01777}}) {
        const auto target = path_ / name;
        if (!files::exists(target)) { INGOT_TRY(files::make_directory(target, {.mode = mode}), ""); }
        if (options == nullptr) { continue; }
        INGOT_ASSIGN(auto mount, Mount::tmpfs(target, options), "");
        mounts_.push_back(std::move(mount));
    }
    INGOT_TRY(fill_dev(path_ / "dev", mounts_), "");
    INGOT_TRY(files::make_directory(path_ / "run/lock"), "");
    if (debs.empty()) { return {}; }
    const auto target = path_ / (kDebs + 1);
    INGOT_TRY(files::make_directory(target), "");
    INGOT_ASSIGN(auto mount, Mount::bind(debs, target), "");
    mounts_.push_back(std::move(mount));
    return {};
}

Result<std::filesystem::path> WorkingRoot::close() {
    while (!mounts_.empty()) {
        INGOT_TRY(mounts_.back().end(), "finishing a layer");
        mounts_.pop_back();
    }
    return upper_;
}

} // namespace ingot::builder::rootfs
