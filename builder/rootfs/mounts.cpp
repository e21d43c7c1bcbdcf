#include "builder/rootfs/mounts.hpp"

#include <cerrno>

#include <sys/mount.h>

#include "builder/rootfs/user_namespace.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

/// redirect_dir, metacopy and index off: a layer has to mean the same under any other mount. In a user namespace,
/// where the overlay's notes are user.overlay.* instead of trusted.overlay.*, the kernel has them off by itself.
std::string_view overlay_options() {
    static const bool kWithoutRoot = in_user_namespace();
    return kWithoutRoot ? "userxattr" : "redirect_dir=off,metacopy=off,index=off";
}

/// Paths stand in the mount's option text, where these characters separate.
Status check_path(const std::filesystem::path& path) {
    if (path.string().find_first_of(":,\\") == std::string::npos) { return {}; }
    return fail(ErrorKind::invalid_input,
                text::format("the cache folder {} must not have ':', ',' or '\\' in its name", path.string()));
}

Result<std::string> lower_option(const std::vector<std::filesystem::path>& lowers) {
    std::string option = "lowerdir=";
    for (const auto& lower : lowers) {
        INGOT_TRY(check_path(lower), "");
        if (option.back() != '=') { option += ':'; }
        option += lower.string();
    }
    return option;
}

Error overlay_error(int error_number, const std::filesystem::path& target) {
    auto error = fail_errno(error_number, "mounting the layers at " + target.string());
    if (error_number == EINVAL) {
        error.message +=
            ". The cache's file system cannot hold layers (it is an overlay itself, as in a container, or a "
            "network file system): choose another with --cache";
    }
    if (error_number == ENODEV) { error.message += ". The kernel has no overlay file system (modprobe overlay)"; }
    return error;
}

} // namespace

Result<Mount> Mount::tmpfs(const std::filesystem::path& target, const std::string& options) {
    if (::mount("tmpfs", target.c_str(), "tmpfs", MS_NOSUID, options.c_str()) != 0) {
        return fail_errno(errno, "mounting a tmpfs at " + target.string());
    }
    return Mount(target);
}

Result<Mount> Mount::bind(const std::filesystem::path& source, const std::filesystem::path& target) {
    if (::mount(source.c_str(), target.c_str(), nullptr, MS_BIND, nullptr) != 0) {
        return fail_errno(errno, text::format("mounting {} at {}", source.string(), target.string()));
    }
    return Mount(target);
}

Result<Mount> Mount::overlay(const std::vector<std::filesystem::path>& lowers, const std::filesystem::path& upper,
                             const std::filesystem::path& work, const std::filesystem::path& target) {
    INGOT_ASSIGN(const auto lower, lower_option(lowers), "");
    INGOT_TRY(check_path(upper), "");
    const auto options = text::format("{},upperdir={},workdir={},{},volatile", lower, upper.string(), work.string(),
                                      overlay_options());
    if (::mount("overlay", target.c_str(), "overlay", 0, options.c_str()) != 0) {
        return overlay_error(errno, target);
    }
    return Mount(target);
}

Result<Mount> Mount::view(const std::vector<std::filesystem::path>& lowers, const std::filesystem::path& target) {
    INGOT_ASSIGN(const auto lower, lower_option(lowers), "");
    const auto options = text::format("{},{}", lower, overlay_options());
    if (::mount("overlay", target.c_str(), "overlay", MS_RDONLY, options.c_str()) != 0) {
        return overlay_error(errno, target);
    }
    return Mount(target);
}

Mount::~Mount() {
    if (!target_.empty()) { ::umount2(target_.c_str(), MNT_DETACH); }
}

Status Mount::end() {
    if (target_.empty()) { return {}; }
    const auto target = std::exchange(target_, {});
    if (::umount2(target.c_str(), 0) != 0) {
        const int why = errno;
        ::umount2(target.c_str(), MNT_DETACH);
        return fail_errno(why, "unmounting " + target.string());
    }
    return {};
}

} // namespace ingot::builder::rootfs
