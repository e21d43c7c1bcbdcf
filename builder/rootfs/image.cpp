#include "builder/rootfs/image.hpp"

#include <array>
#include <cerrno>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>

#include "builder/rootfs/hygiene.hpp"
#include "builder/rootfs/isolation.hpp"
#include "builder/rootfs/tree.hpp"
#include "builder/rootfs/working_root.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::rootfs {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kDebianKeyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

Status install_agent(process::Processes& processes, const fs::path& root, const fs::path& deb,
                     std::int64_t image_time) {
    const std::string inside_path = "/run/ingot-agent.deb"; // a tmpfs: it leaves no trace
    std::error_code problem;
    fs::copy_file(deb, root / inside_path.substr(1), problem);
    if (problem) { return fail_errno(problem.value(), "copying " + deb.string()); }
    INGOT_TRY(
        run_checked(processes, inside(root, {"dpkg", "--install", "--force-unsafe-io", inside_path}, image_time)),
        "installing " + deb.string());
    return {};
}

Status configure_apt(const fs::path& root, const ImageLayer& layer) {
    for (const auto& key : layer.keys) {
        const auto target = key_in_image(key);
        if (target == kDebianKeyring) { continue; }
        INGOT_ASSIGN(const auto content, files::read(key), "reading " + key.string());
        INGOT_TRY(files::write(root / target.substr(1), content), "");
    }
    return files::write(root / "etc/apt/sources.list.d/ingot.sources", packages::render_sources(layer.sources));
}

/// Runs systemctl for each unit, so that a unit which does not exist is reported with its place in the spec.
Status switch_units(process::Processes& processes, const fs::path& root, std::string_view verb,
                    const std::vector<spec::Word>& units, std::int64_t image_time) {
    if (units.empty()) { return {}; }
    std::vector<std::string> argv = {"systemctl", "--quiet", std::string(verb)};
    for (const auto& unit : units) { argv.push_back(unit.text); }
    INGOT_ASSIGN(const auto all, processes.run(inside(root, argv, image_time)), "running systemctl");
    if (all.exit_code == 0) { return {}; }
    Faults faults;
    for (const auto& unit : units) {
        INGOT_ASSIGN(const auto one,
                     processes.run(inside(root, {"systemctl", "--quiet", std::string(verb), unit.text}, image_time)),
                     "");
        if (one.exit_code == 0) { continue; }
        faults.add(unit.position, text::format("systemctl {} {}: {}", verb, unit.text, text::trim(one.err)));
    }
    if (!faults.empty()) { return faults.to_error(); }
    return {};
}

Status write_if_absent(const fs::path& path, std::string_view content) {
    return files::exists(path) ? Status{} : files::write(path, content);
}

/// Small files that a Debian installer would have written.
Status write_node_files(const fs::path& root, const std::string& role) {
    INGOT_TRY(files::write(root / "usr/lib/ingot/role", role + "\n"), "");
    INGOT_TRY(
        write_if_absent(root / "etc/hosts", "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n"),
        "");
    INGOT_TRY(write_if_absent(root / "etc/default/locale", "LANG=C.UTF-8\n"), "");
    // The build machine's never gets in; with systemd-resolved it is a link to what that writes.
    const auto resolv = root / "etc/resolv.conf";
    INGOT_TRY(files::remove_tree(resolv), "");
    if (!files::exists(root / "usr/lib/systemd/systemd-resolved")) { return {}; }
    std::error_code problem;
    fs::create_symlink("../run/systemd/resolve/stub-resolv.conf", resolv, problem);
    if (problem) { return fail_errno(problem.value(), "linking resolv.conf"); }
    return {};
}

/// Which file came with which overlay, for `ingot inspect` and for whoever wonders on a node: "<overlay> <path>".
Status write_overlay_list(const fs::path& root, const std::vector<fs::path>& overlays) {
    std::string list;
    for (const auto& overlay : overlays) {
        INGOT_ASSIGN(const auto paths, files_of_tree(overlay), "reading " + overlay.string());
        for (const auto& file : paths) { list += text::format("{} {}\n", overlay.filename().string(), file); }
    }
    return files::write(root / "usr/lib/ingot/overlays", list);
}

/// Tells systemd that users, hardware database and message catalog are those of this /usr, so that no boot of a
/// new node spends its first seconds on making them again.
Status mark_updated(const fs::path& root, std::int64_t image_time) {
    for (const auto* folder : {"etc", "var"}) {
        const auto path = root / folder / ".updated";
        INGOT_TRY(
            files::write(
                path, text::format("# Written by Ingot, after everything was updated.\nTIMESTAMP_NSEC={}000000000\n",
                                   image_time)),
            "");
        const std::array<timespec, 2> times = {timespec{.tv_sec = image_time, .tv_nsec = 0},
                                               timespec{.tv_sec = image_time, .tv_nsec = 0}};
        if (::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) != 0) {
            return fail_errno(errno, "dating " + path.string());
        }
    }
    return {};
}

} // namespace

std::string key_in_image(const fs::path& key) {
    const auto name = key.filename().string();
    return name.starts_with("debian-archive-keyring.") ? std::string(kDebianKeyring) : "/etc/apt/keyrings/" + name;
}

Status finish_image(process::Processes& processes, const fs::path& root, const ImageLayer& layer,
                    std::int64_t image_time) {
    if (layer.agent_deb) { INGOT_TRY(install_agent(processes, root, *layer.agent_deb, image_time), ""); }
    for (const auto& overlay : layer.overlays) {
        INGOT_TRY(copy_tree(overlay, root), "laying " + overlay.string() + " over the tree");
    }
    INGOT_TRY(write_overlay_list(root, layer.overlays), "listing the overlays' files");
    INGOT_TRY(run_checked(processes, inside(root, {"systemd-sysusers"}, image_time)), "making the system users");
    for (const auto& units : layer.units) {
        INGOT_TRY(switch_units(processes, root, "enable", units.enable, image_time), "");
        INGOT_TRY(switch_units(processes, root, "disable", units.disable, image_time), "");
        INGOT_TRY(switch_units(processes, root, "mask", units.mask, image_time), "");
    }
    INGOT_TRY(configure_apt(root, layer), "configuring the node's apt");
    INGOT_TRY(write_node_files(root, layer.role), "");
    INGOT_TRY(files::write(root / "var/lib/apt/extended_states",
                           packages::render_extended_states(layer.packages, layer.asked_for, "amd64")),
              "");
    INGOT_TRY(clean_tree(root), "");
    return mark_updated(root, image_time);
}

} // namespace ingot::builder::rootfs
