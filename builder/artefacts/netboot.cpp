#include "builder/artefacts/netboot.hpp"

#include <system_error>

#include "builder/artefacts/raw.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::artefacts {

namespace fs = std::filesystem;

std::string render_ipxe(std::string_view role, const NetbootRoot& root, std::string_view command_line) {
    return text::format(R"(#!ipxe
# {0}, from the network into RAM. Written by ingot build; the files lie beside this script.
#
# Settings that a script of yours may make before it chains to this one:
#   set base http://server/path/      where {1} is. Needed if this script came by TFTP, and if an iPXE
#                                     from before 2021 chained to it; else it is beside this script
#   set seed http://server/seed/      where the node finds its user-data (NoCloud: meta-data, user-data)
#   set more ...                      further words for the kernel
isset ${{base}} || set base ${{cwuri}}
isset ${{base}} || set base ${{filename}}
isset ${{seed}} && set datasource ds=nocloud;s=${{seed}} ||
isset ${{netX/mac}} && set nic BOOTIF=01-${{netX/mac:hexhyp}} ||
kernel vmlinuz initrd=initrd boot=ingot ingot.base=${{base}} ingot.root={1} ingot.size={2} ingot.sha256={3} {4} ${{nic}} ${{datasource}} ${{more}}
initrd initrd
boot
)",
                        role, root.name, root.size, root.sha256, command_line);
}

Status write_netboot(const fs::path& tree, const fs::path& folder, std::string_view role, const NetbootRoot& root,
                     std::string_view command_line) {
    INGOT_ASSIGN(const auto boot, find_boot_files(tree), "");
    for (const auto& [from, name] : {std::pair(boot.kernel, "vmlinuz"), std::pair(boot.initrd, "initrd")}) {
        std::error_code problem;
        fs::copy_file(tree / from, folder / name, problem);
        if (!problem) { fs::permissions(folder / name, fs::perms(0644), problem); }
        if (problem) { return fail_errno(problem.value(), "copying " + from); }
    }
    return files::write(folder / "boot.ipxe", render_ipxe(role, root, command_line));
}

} // namespace ingot::builder::artefacts
