// A small image, made up: enough of everything that a report speaks of.
#pragma once

#include <algorithm>
#include <string>

#include "builder/inspect/image.hpp"

namespace ingot::builder::inspect {

inline Entry file(std::string path, std::uint64_t size, std::uint64_t stored) {
    return {.path = std::move(path), .mode = 0644, .size = size, .stored = stored, .digest = std::string(64, 'a')};
}

inline Entry link(std::string path, std::string target) {
    return {.path = std::move(path), .kind = Kind::link, .mode = 0777, .target = std::move(target)};
}

inline Image example_image() {
    Image image{.folder = "images/db", .root_file = "images/db/root.squashfs"};
    auto& listing = image.listing;
    listing.packed_as = "squashfs, zstd, blocks of 128 KiB";
    listing.image_size = 5'000'000;
    auto& entries = listing.entries;
    entries.push_back({.path = "/", .kind = Kind::directory, .mode = 0755});
    entries.push_back({.path = "/usr", .kind = Kind::directory, .mode = 0755});
    entries.push_back(file("/usr/lib/libbig.so.1", 9'000'000, 3'000'000));
    entries.push_back(file("/usr/lib/libbig.so.1.usr-is-merged", 10, 10));
    entries.push_back(file("/usr/bin/database", 2'000'000, 900'000));
    entries.push_back({.path = "/usr/bin/sudo", .mode = 04755, .size = 300'000, .stored = 100'000});
    entries.push_back(file("/usr/bin/<odd> \"name\"", 600'000, 400'000));
    entries.push_back(file("/usr/lib/python3/x/__pycache__/y.pyc", 50'000, 20'000));
    entries.push_back(file("/etc/overlaid.conf", 100, 60));
    entries.push_back(file("/usr/lib/ingot/role", 3, 3));
    entries.push_back(file("/usr/lib/systemd/system/ssh.service", 100, 50));
    entries.push_back(file("/usr/lib/systemd/system/patroni.service", 100, 50));
    entries.push_back(file("/usr/lib/systemd/system/web.socket", 100, 50));
    entries.push_back(file("/usr/bin/ingot-agent", 1'900'000, 700'000));
    entries.push_back(file("/boot/vmlinuz-6.12-cloud", 12'000, 12'000));
    entries.push_back(
        link("/etc/systemd/system/multi-user.target.wants/ssh.service", "/usr/lib/systemd/system/ssh.service"));
    entries.push_back(
        link("/etc/systemd/system/sockets.target.wants/web.socket", "/usr/lib/systemd/system/web.socket"));
    entries.push_back(link("/etc/systemd/system/multi-user.target.wants/postgresql.service",
                           "/usr/lib/systemd/system/postgresql.service"));
    entries.push_back(link("/etc/systemd/system/postgresql.service", "/dev/null"));
    std::ranges::sort(entries, {}, &Entry::path);
    listing.contents = {
        {"/usr/lib/os-release", "NAME=x\nPRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\n"},
        {"/usr/lib/ingot/role", "db\n"},
        {std::string("/usr/lib/ingot/overlays"), "db /etc/overlaid.conf\n"},
        {"/usr/lib/systemd/system/web.socket",
         "[Socket]\nListenStream=/run/web.sock\nListenStream=8443\nListenDatagram=[::]:53\n"},
        {"/etc/passwd", "root:x:0:0:root:/root:/bin/bash\npostgres:x:100:101::/var/lib/postgresql:/bin/bash\n"
                        "open:x:1000:1000::/home/open:/bin/sh\nsshd:x:33:65534::/run/sshd:/usr/sbin/nologin\n"},
        {"/etc/shadow", "root:*:1::::::\npostgres:!:1::::::\nopen:$y$j9T$abc:1::::::\nsshd:!*:1::::::\n"},
        {"/var/lib/dpkg/status",
         "Package: base\nEssential: yes\nStatus: install ok installed\nVersion: 1\nSection: admin\nPre-Depends: libc "
         "(>= 2)\n\n"
         "Package: libc\nStatus: install ok installed\nVersion: 2\nSection: libs\n\n"
         "Package: database\nStatus: install ok installed\nVersion: 17.1-1\nSection: database\n"
         "Depends: missing | tools,\n libc\n\n"
         "Package: tools-real\nStatus: install ok installed\nVersion: 3\nProvides: tools (= 3)\nDepends: "
         "libbig:any\n\n"
         "Package: libbig\nStatus: install ok installed\nVersion: 1.2-3\nSection: libs\n\n"
         "Package: sudo\nStatus: install ok installed\nVersion: 9\nSection: admin\n\n"
         "Package: gone\nStatus: deinstall ok config-files\nVersion: 9\n\n"
         "Package: ingot-agent\nStatus: install ok installed\nVersion: 0.1.0\nSection: admin\n"},
        {"/var/lib/apt/extended_states", "Package: libbig\nAuto-Installed: 1\n\nPackage: tools-real\nAuto-Installed: "
                                         "1\n\nPackage: libc\nAuto-Installed: 1\n"},
        {"/var/lib/dpkg/info/libbig:amd64.list", "/.\n/lib\n/lib/libbig.so.1\n"},
        {"/var/lib/dpkg/info/database.list",
         "/usr/bin/database\n/usr/lib/systemd/system/patroni.service\n/etc/overlaid.conf\n"},
        {"/var/lib/dpkg/info/sudo.list", "/usr/bin/sudo\n"},
        {"/var/lib/dpkg/info/ingot-agent.list", "/usr/bin/ingot-agent\n"},
        {"/var/lib/dpkg/diversions", "/lib/libbig.so.1\n/lib/libbig.so.1.usr-is-merged\ndatabase\n"},
    };
    image.manifest =
        artefacts::Manifest{.role = "db",
                            .suite = "trixie",
                            .architecture = "amd64",
                            .agent_version = "0.1.0",
                            .date = 1'794'586'190,
                            .files = {{"root.squashfs", 5'000'000, ""}, {"root.tar.zst", 4'800'000, ""}}};
    return image;
}

} // namespace ingot::builder::inspect
