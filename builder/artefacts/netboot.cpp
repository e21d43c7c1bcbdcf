#include "builder/artefacts/netboot.hpp"

#include <system_error>

#include "builder/artefacts/raw.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::artefacts {

namespace fs = std::filesystem;

namespace {

/// With an image for disks there is a choice, and a moment to make it in.
std::string render_menu(const NetbootScript& script) {
    if (script.map_sha256.empty()) { return {}; }
    return text::format(R"(isset ${{mode}} && goto ${{mode}} ||
menu Ingot: {}
item ram     Run from RAM
item install Install to a disk
item disk    Boot from the disk
choose --default ram --timeout 5000 mode && goto ${{mode}} || goto ram
)",
                        script.role);
}

std::string render_install(const NetbootScript& script) {
    if (script.map_sha256.empty()) { return {}; }
    return text::format(R"(
:install
isset ${{disk}} && set rules ingot.disk=${{disk}} ||
isset ${{wipe}} && set rules ${{rules}} ingot.wipe=${{wipe}} ||
isset ${{report}} && set rules ${{rules}} ingot.report=${{report}} ||
kernel vmlinuz initrd=initrd initrd=install.img boot=ingot ingot.install=${{base}} ingot.map={} ${{rules}} {} ${{nic}} ${{datasource}} ${{more}}
initrd initrd
initrd install.img
boot

:disk
iseq ${{platform}} efi && exit ||
sanboot --no-describe --drive 0x80 || sanboot --no-describe --drive 0x81
)",
                        script.map_sha256, script.command_line);
}

} // namespace

std::string render_ipxe(const NetbootScript& script) {
    auto rendered = text::format(R"(#!ipxe
# {0}, from the network. Written by ingot build; the files lie beside this script.
#
# Settings that a script of yours may make before it chains to this one:
#   set base http://server/path/      where {1} is. Needed if this script came by TFTP, and if an iPXE
#                                     from before 2021 chained to it; else it is beside this script
#   set seed http://server/seed/      where the node finds its user-data (NoCloud: meta-data, user-data)
#   set mode ram                      what to do: ram, install or disk; a menu asks if it is not set
#   set disk serial=S1234             mode install: the disk, by rules (docs/bare-metal.md)
#   set wipe S1234                    mode install: that this very disk may lose what is on it
#   set report http://server/report   mode install: who is told how it went
#   set more ...                      further words for the kernel
isset ${{base}} || set base ${{cwuri}}
isset ${{base}} || set base ${{filename}}
isset ${{seed}} && set datasource ds=nocloud;s=${{seed}} ||
isset ${{netX/mac}} && set nic BOOTIF=01-${{netX/mac:hexhyp}} ||
)",
                                 script.role, script.root.name);
    rendered += render_menu(script);
    rendered += text::format(R"(
:ram
kernel vmlinuz initrd=initrd boot=ingot ingot.base=${{base}} ingot.root={0} ingot.size={1} ingot.sha256={2} {3} ${{nic}} ${{datasource}} ${{more}}
initrd initrd
boot
)",
                             script.root.name, script.root.size, script.root.sha256, script.command_line);
    return rendered + render_install(script);
}

Status write_netboot(const fs::path& tree, const fs::path& folder, const NetbootScript& script) {
    INGOT_ASSIGN(const auto boot, find_boot_files(tree), "");
    for (const auto& [from, name] : {std::pair(boot.kernel, "vmlinuz"), std::pair(boot.initrd, "initrd")}) {
        std::error_code problem;
        fs::copy_file(tree / from, folder / name, problem);
        if (!problem) { fs::permissions(folder / name, fs::perms(0644), problem); }
        if (problem) { return fail_errno(problem.value(), "copying " + from); }
    }
    return files::write(folder / "boot.ipxe", render_ipxe(script));
}

} // namespace ingot::builder::artefacts
