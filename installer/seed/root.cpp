#include "installer/seed/root.hpp"

#include <cerrno>

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "common/text/text.hpp"

// NOLINTBEGIN(cppcoreguidelines-pro-type-vararg): open and ioctl are so
namespace ingot::installer {

namespace {

constexpr int kTries = 20; ///< somebody else may take the free device first

struct Loop {
    files::Fd fd;
    std::string path;
};

Result<Loop> attach(const std::filesystem::path& disk, std::uint64_t offset, std::uint64_t size, Access access) {
    const bool writes = access == Access::read_write;
    const files::Fd backing(::open(disk.c_str(), O_CLOEXEC | (writes ? O_RDWR : O_RDONLY)));
    if (!backing.valid()) { return fail_errno(errno, "opening " + disk.string()); }
    const files::Fd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control.valid()) { return fail_errno(errno, "opening /dev/loop-control (is the module loop there?)"); }
    for (int attempt = 0; attempt < kTries; ++attempt) {
        const int number = ::ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0) { return fail_errno(errno, "asking for a loop device"); }
        auto path = text::format("/dev/loop{}", number);
        files::Fd loop(::open(path.c_str(), O_CLOEXEC | (writes ? O_RDWR : O_RDONLY)));
        if (!loop.valid()) { return fail_errno(errno, "opening " + path); }
        loop_config config{};
        config.fd = static_cast<__u32>(backing.get());
        config.info.lo_offset = offset;
        config.info.lo_sizelimit = size;
        const std::uint32_t read_only = LO_FLAGS_READ_ONLY;
        config.info.lo_flags = std::uint32_t{LO_FLAGS_AUTOCLEAR} | (writes ? 0 : read_only);
        if (::ioctl(loop.get(), LOOP_CONFIGURE, &config) == 0) {
            return Loop{.fd = std::move(loop), .path = std::move(path)};
        }
        if (errno != EBUSY) { return fail_errno(errno, "setting up " + path); }
    }
    return fail(ErrorKind::transient, "there is no free loop device");
}

} // namespace

Result<MountedRoot> MountedRoot::mount(const std::filesystem::path& disk, std::uint64_t offset, std::uint64_t size,
                                       Access access) {
    INGOT_ASSIGN(auto folder, files::TempDir::create("ingot-root-"), "");
    INGOT_ASSIGN(auto loop, attach(disk, offset, size, access), "");
    const bool writes = access == Access::read_write;
    if (::mount(loop.path.c_str(), folder.path().c_str(), "ext4", writes ? 0 : MS_RDONLY, writes ? "" : "noload") !=
        0) {
        return fail_errno(errno, "mounting the root filesystem on " + disk.string());
    }
    MountedRoot mounted(std::move(folder), std::move(loop.fd));
    mounted.place_ = mounted.folder_.path();
    return mounted;
}

MountedRoot::~MountedRoot() {
    if (loop_.valid()) { static_cast<void>(::umount2(place_.c_str(), MNT_DETACH)); }
}

Status MountedRoot::end() {
    if (::umount2(place_.c_str(), 0) != 0) { return fail_errno(errno, "unmounting the root filesystem"); }
    loop_.reset();
    return {};
}

} // namespace ingot::installer
// NOLINTEND(cppcoreguidelines-pro-type-vararg)
