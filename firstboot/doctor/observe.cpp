#include <future>

#include <sys/statvfs.h>

#include "common/crypto/crypto.hpp"
#include "common/crypto/request.hpp"
#include "common/text/text.hpp"
#include "firstboot/doctor/doctor.hpp"
#include "firstboot/node/facts.hpp"
#include "firstboot/node/record.hpp"

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

/// resolved's list names the servers themselves, /etc/resolv.conf only resolved where that runs.
std::vector<NameServer> name_servers(const files::Root& root) {
    std::vector<NameServer> servers;
    for (const auto* const path : {"/run/systemd/resolve/resolv.conf", "/etc/resolv.conf"}) {
        for (const auto& line : text::lines(read(root, path))) {
            constexpr std::string_view kKey = "nameserver ";
            if (!line.starts_with(kKey)) { continue; }
            // A link-local address has its interface behind a '%'; it cannot be asked without.
            auto address = std::string(text::trim(std::string_view(line).substr(kKey.size())));
            if (address.find('%') == std::string::npos) { servers.push_back({.address = std::move(address)}); }
        }
        if (!servers.empty()) { break; }
    }
    std::vector<std::future<bool>> asked;
    for (const auto& server : servers) {
        asked.push_back(std::async(std::launch::async, [&server] { return answers_dns(server.address); }));
    }
    for (std::size_t index = 0; index < servers.size(); ++index) { servers[index].answers = asked[index].get(); }
    return servers;
}

std::map<std::string, bool> needed_names(Environment& environment) {
    std::map<std::string, bool> names;
    for (const auto& name : names_in(read(environment.root, backup::kConfigFile))) {
        const auto output =
            environment.processes.run({.argv = {"getent", "ahosts", name}, .timeout = std::chrono::seconds(6)});
        names[name] = output && output->exit_code == 0;
    }
    return names;
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
    for (const std::string path : {"/", "/var/lib/ingot", "/var/lib/ingot-etcd", "/var/lib/postgresql",
                                   "/var/lib/postgresql-wal", "/var/lib/pgbackrest"}) {
        struct statvfs room{};
        if (::statvfs(root.at(path).c_str(), &room) != 0) { continue; }
        Disk disk{.path = path,
                  .size = std::uint64_t{room.f_blocks} * room.f_frsize,
                  .free = std::uint64_t{room.f_bavail} * room.f_frsize,
                  .inodes = room.f_files,
                  .free_inodes = room.f_favail,
                  .read_only = (room.f_flag & ST_RDONLY) != 0};
        // Folders on the same filesystem have the same numbers; one of them is enough.
        if (!list.empty() && list.front().size == disk.size && list.front().free == disk.free) { continue; }
        list.push_back(std::move(disk));
    }
    return list;
}

std::optional<OwnCertificate> own_certificate(const files::Root& root, clock::WallTime now) {
    const auto pem = read(root, std::string(paths::kPki) + "/node.crt");
    if (pem.empty()) { return std::nullopt; }
    const auto info = crypto::inspect_certificate(pem);
    if (!info) { return OwnCertificate{}; }
    OwnCertificate own{.readable = true, .begins = info->not_before, .ends = info->not_after};
    const auto authorities = read(root, std::string(paths::kPki) + "/ca-all.crt");
    const crypto::Secret key(read(root, std::string(paths::kPki) + "/node.key"));
    if (key.empty()) {
        own.fault = "its key is missing";
    } else if (const auto checked = crypto::verify_identity(pem, key, authorities, now); !checked) {
        own.fault = checked.error().to_string();
    }
    return own;
}

std::vector<Authority> authorities(const files::Root& root) {
    std::vector<Authority> list;
    for (const std::string role : {"etcd", "db", "proxy"}) {
        const auto bundle = crypto::split_certificates(read(root, text::format("{}/ca-{}.crt", paths::kPki, role)));
        if (!bundle || bundle->empty()) { continue; }
        if (const auto info = crypto::inspect_certificate(bundle->front())) {
            list.push_back({.role = role, .ends = info->not_after});
        }
    }
    return list;
}

std::vector<std::string> units_of(std::string_view role) {
    std::vector<std::string> units{"systemd-networkd.service", "systemd-resolved.service"};
    if (role == "etcd") { units.emplace_back("ingot-etcd.service"); }
    if (role == "db") { units.emplace_back("patroni.service"); }
    if (role == "backup") { units.emplace_back(backup::kServerUnit); }
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
                      .name_servers = name_servers(root),
                      .names = needed_names(environment),
                      .clock_synchronised = clock_synchronised(environment),
                      .disks = disks(root),
                      .now = environment.clock.now()};
    if (auto status = status_from_json(read(root, std::string(paths::kRun) + "/status.json"))) {
        seen.status = *std::move(status);
    }
    seen.certificate = own_certificate(root, seen.now);
    seen.authorities = authorities(root);
    for (const auto& unit : units_of(seen.role)) {
        seen.units[unit] = environment.services.state(unit).value_or("unknown");
    }
    const auto node = read_node(root);
    if (node && !node->config.etcd.founders.empty()) { seen.etcd = observe_etcd(environment, *node); }
    if (node && node->config.role == cloud_init::Role::db) {
        seen.patroni = observe_patroni(environment, *node);
        seen.backup = observe_backup(root);
    }
    return seen;
}

} // namespace ingot::firstboot::doctor
