#include "builder/rootfs/initrd.hpp"

#include <algorithm>

#include "builder/rootfs/isolation.hpp"
#include "builder/rootfs/tree.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSettings = "etc/initramfs-tools";

} // namespace

Result<std::vector<std::string>> initrd_digests(const std::vector<fs::path>& overlays) {
    std::vector<std::string> digests;
    for (const auto& overlay : overlays) {
        if (!fs::is_directory(overlay / kSettings)) { continue; }
        INGOT_ASSIGN(auto digest, tree_digest(overlay / kSettings), "reading the initrd's settings");
        digests.push_back(std::move(digest));
    }
    return digests;
}

Status make_initrd(process::Processes& processes, const fs::path& root, const std::vector<fs::path>& overlays,
                   std::int64_t image_time) {
    for (const auto& overlay : overlays) {
        if (!fs::is_directory(overlay / kSettings)) { continue; }
        INGOT_TRY(files::make_directory(root / kSettings), "");
        INGOT_TRY(copy_tree(overlay / kSettings, root / kSettings), "laying the initrd's settings into the tree");
    }
    auto command = inside(root, {"update-initramfs", "-c", "-k", "all"}, image_time);
    command.environment.erase("INITRD"); // which keeps packages from making one each
    INGOT_ASSIGN(const auto said, run_checked(processes, command), "making the initrd");
    INGOT_ASSIGN(const auto names, files::list(root / "boot"), "looking for the initrd");
    if (std::ranges::any_of(names, [](const auto& name) { return name.starts_with("initrd.img-"); })) { return {}; }
    return fail(ErrorKind::tool_failed, text::format("update-initramfs made no initrd (is there a kernel in /boot?): "
                                                     "{}",
                                                     text::trim(said.out + said.err)));
}

} // namespace ingot::builder::rootfs
