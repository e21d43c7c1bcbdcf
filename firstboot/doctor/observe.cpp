#include <array>

#include <sys/statvfs.h>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "firstboot/doctor/doctor.hpp"
#include "firstboot/node/facts.hpp"

namespace ingot::firstboot::doctor {

namespace {

std::string read(const files::Root& root, std::string_view path) {
    auto content = files::read_if_exists(root.at(path));
    return content && *content ? **std::move(content) : std::string();
}

/// /proc/net/route has one line for each route; the default's destination and mask are zero. IPv6 has a file of its
/// own.
bool has_default_route(const files::Root& root) {
    for (const auto& line : text::lines(read(root, "/proc/net/route"))) {
        const auto fields = text::split(line, '\t');
        if (fields.size() > 7 && fields[1] == "00000000" && fields[7] == "00000000") { return true; }
    }
    for (const auto& line : text::lines(read(root, "/proc/net/ipv6_route"))) {
        constexpr std::string_view kDefault = "00000000000000000000000000000000 00 ";
        if (line.starts_with(kDefault) && !line.ends_with(" lo")) { return true; }
    }
    return false;
}

bool has_name_servers(const files::Root& root) {
    for (const auto* const path : {"/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"}) {
        for (const auto& line : text::lines(read(root, path))) {
            if (line.starts_with("nameserver ")) { return true; }
        }
    }
    return false;
}

std::optional<bool> clock_synchronised(Environment& environment) {
    const auto output =
        environment.processes.run({.argv = {"timedatectl", "show", "--property=NTPSynchronized", "--value"},
                                   .timeout = std::chrono::seconds(5)});
    if (!output || output->exit_code != 0) { return std::nullopt; }
    const auto word = text::trim(output->out);
    if (word != "yes" && word != "no") { return std::nullopt; }
    return word == "yes";
}

std::vector<Disk> disks(const files::Root& root) {
    std::vector<Disk> list;
    for (const std::string path : {"/", "/var/lib/ingot", "/var/lib/ingot-etcd", "/var/lib/postgresql"}) {
        struct statvfs room{};
        if (::statvfs(root.at(path).c_str(), &room) != 0) { continue; }
        Disk disk{.path = path,
                  .size = std::uint64_t{room.f_blocks} * room.f_frsize,
                  .free = std::uint64_t{room.f_bavail} * room.f_frsize,
                  .inodes = room.f_files,
                  .free_inodes = room.f_favail};
        // Folders on the same filesystem have the same numbers; one of them is enough.
        if (!list.empty() && list.front().size == disk.size && list.front().free == disk.free) { continue; }
        list.push_back(std::move(disk));
    }
    return list;
}

std::vector<std::string> units_of(std::string_view role) {
    std::vector<std::string> units{"systemd-networkd.service", "systemd-resolved.service"};
    if (role == "etcd") { units.emplace_back("ingot-etcd.service"); }
    if (role == "db") { units.emplace_back("patroni.service"); }
    if (role == "proxy") { units.insert(units.end(), {"haproxy.service", "pgbouncer.service"}); }
    return units;
}

} // namespace

Observations observe(Environment& environment) {
    const auto& root = environment.root;
    const auto facts = read_facts(root);
    Observations seen{.role = facts.image_role,
                      .addresses = facts.addresses,
                      .default_route = has_default_route(root),
                      .name_servers = has_name_servers(root),
                      .clock_synchronised = clock_synchronised(environment),
                      .disks = disks(root),
                      .now = environment.clock.now()};
    if (auto status = status_from_json(read(root, std::string(paths::kRun) + "/status.json"))) {
        seen.status = *std::move(status);
    }
    const auto pem = files::read_if_exists(root.at(std::string(paths::kPki) + "/node.crt"));
    if (pem && *pem) {
        const auto info = crypto::inspect_certificate(**pem);
        seen.certificate_unreadable = !info.has_value();
        if (info) { seen.certificate_ends = info->not_after; }
    }
    for (const auto& unit : units_of(seen.role)) {
        seen.units[unit] = environment.services.state(unit).value_or("unknown");
    }
    return seen;
}

} // namespace ingot::firstboot::doctor
