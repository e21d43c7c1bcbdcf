#include "builder/inspect/system.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <set>

#include "common/text/text.hpp"

namespace ingot::builder::inspect {

namespace {

constexpr std::string_view kLocalUnits = "/etc/systemd/system/";
constexpr std::string_view kVendorUnits = "/usr/lib/systemd/system/";

/// Daemons whose sockets no unit file shows. The agent's ports are those of docs/user-data.md, unless user-data says
/// otherwise.
struct Daemon {
    const char* unit;
    const char* address;
    bool by_agent = true; ///< disabled in the image, and started once the node knows who it is
};
constexpr std::array kDaemons = {
    Daemon{"ssh.service", "tcp 22", false},
    Daemon{"systemd-resolved.service", "tcp, udp 127.0.0.53:53, 127.0.0.54:53", false},
    Daemon{"ingot-etcd.service", "tcp 2379 (clients), 2380 (members), 2381 to 2383 (agent)"},
    Daemon{"patroni.service", "tcp 5432 (PostgreSQL), 8008 (Patroni)"},
    Daemon{"haproxy.service", "tcp 5000 (leader), 5001 (replicas), 8404 (statistics)"},
    Daemon{"pgbouncer.service", "tcp 6432 (pool)"},
};

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_masked(const Listing& listing, const std::string& unit) {
    const auto* const entry = listing.find(std::string(kLocalUnits) + unit);
    return entry != nullptr && entry->target == "/dev/null";
}

bool exists(const Listing& listing, const std::string& unit) {
    return listing.find(std::string(kLocalUnits) + unit) != nullptr ||
           listing.find(std::string(kVendorUnits) + unit) != nullptr;
}

/// The unit that this one is an instance or an alias of: getty@tty1.service → getty@.service.
std::string template_of(const std::string& unit) {
    const auto at = unit.find('@');
    const auto dot = unit.rfind('.');
    return at == std::string::npos || dot < at ? unit : unit.substr(0, at + 1) + unit.substr(dot);
}

/// Addresses of a socket unit that the network can reach; paths and netlink are not.
std::vector<std::string> network_addresses(std::string_view socket_unit) {
    std::vector<std::string> found;
    for (const auto& line : text::lines(socket_unit)) {
        for (const auto& [key, protocol] :
             {std::pair("ListenStream=", "tcp "), std::pair("ListenDatagram=", "udp ")}) {
            if (!line.starts_with(key)) { continue; }
            const auto value = std::string(text::trim(std::string_view(line).substr(std::strlen(key))));
            if (!value.empty() && value[0] != '/' && value[0] != '@' && value[0] != '%') {
                found.push_back(protocol + value);
            }
        }
    }
    return found;
}

constexpr std::array kCapabilities = {"chown",
                                      "dac_override",
                                      "dac_read_search",
                                      "fowner",
                                      "fsetid",
                                      "kill",
                                      "setgid",
                                      "setuid",
                                      "setpcap",
                                      "linux_immutable",
                                      "net_bind_service",
                                      "net_broadcast",
                                      "net_admin",
                                      "net_raw",
                                      "ipc_lock",
                                      "ipc_owner",
                                      "sys_module",
                                      "sys_rawio",
                                      "sys_chroot",
                                      "sys_ptrace",
                                      "sys_pacct",
                                      "sys_admin",
                                      "sys_boot",
                                      "sys_nice",
                                      "sys_resource",
                                      "sys_time",
                                      "sys_tty_config",
                                      "mknod",
                                      "lease",
                                      "audit_write",
                                      "audit_control",
                                      "setfcap",
                                      "mac_override",
                                      "mac_admin",
                                      "syslog",
                                      "wake_alarm",
                                      "block_suspend",
                                      "audit_read",
                                      "perfmon",
                                      "bpf",
                                      "checkpoint_restore"};

std::uint64_t word_at(std::string_view bytes, std::size_t offset) {
    std::uint32_t word = 0;
    if (bytes.size() >= offset + sizeof(word)) { std::memcpy(&word, bytes.data() + offset, sizeof(word)); }
    return word;
}

} // namespace

Units find_units(const Listing& listing) {
    Units units;
    for (const auto& entry : listing.entries) {
        if (entry.kind != Kind::link || !entry.path.starts_with(kLocalUnits)) { continue; }
        const auto rest = std::string_view(entry.path).substr(kLocalUnits.size());
        if (entry.target == "/dev/null" && rest.find('/') == std::string_view::npos) {
            units.masked.emplace_back(rest);
        }
        for (const std::string_view ending : {".wants/", ".requires/"}) {
            const auto at = rest.find(ending);
            if (at == std::string_view::npos) { continue; }
            std::string name(last_part(entry.path));
            if (is_masked(listing, name)) { continue; }
            // Wishes of units that are not there (sshd@.service of another flavour) switch nothing on.
            if (!exists(listing, template_of(name))) { continue; }
            units.enabled.push_back({std::move(name), std::string(rest.substr(0, at))});
        }
    }
    std::ranges::sort(units.enabled, {}, &EnabledUnit::name);
    return units;
}

std::vector<Listener> find_listeners(const Listing& listing, const Units& units) {
    std::set<std::string, std::less<>> enabled;
    for (const auto& unit : units.enabled) { enabled.insert(unit.name); }
    std::vector<Listener> listeners;
    for (const auto& unit : enabled) {
        if (!unit.ends_with(".socket")) { continue; }
        auto text = listing.content(std::string(kLocalUnits) + unit);
        if (text.empty()) { text = listing.content(std::string(kVendorUnits) + unit); }
        for (auto& address : network_addresses(text)) { listeners.push_back({unit, std::move(address), "at boot"}); }
    }
    for (const auto& daemon : kDaemons) {
        if (!exists(listing, daemon.unit) || is_masked(listing, daemon.unit)) { continue; }
        const bool agent = listing.find("/usr/bin/ingot-agent") != nullptr;
        if (enabled.contains(daemon.unit)) {
            listeners.push_back({daemon.unit, daemon.address, "at boot"});
        } else if (agent && daemon.by_agent) {
            listeners.push_back({daemon.unit, daemon.address, "when the agent starts it"});
        }
    }
    return listeners;
}

bool User::can_log_in() const {
    const auto program = last_part(shell);
    return program != "nologin" && program != "false" && program != "sync";
}

std::vector<User> find_users(std::string_view passwd, std::string_view shadow) {
    std::map<std::string, std::string, std::less<>> passwords;
    for (const auto& line : text::lines(shadow)) {
        const auto fields = text::split(line, ':');
        if (fields.size() > 1) { passwords[fields[0]] = fields[1]; }
    }
    std::vector<User> users;
    constexpr std::size_t kFields = 7;
    for (const auto& line : text::lines(passwd)) {
        const auto fields = text::split(line, ':');
        if (fields.size() < kFields) { continue; }
        const auto password = passwords.contains(fields[0]) ? passwords[fields[0]] : fields[1];
        users.push_back({.name = fields[0],
                         .uid = static_cast<std::uint64_t>(text::to_number(fields[2]).value_or(0)),
                         .gid = static_cast<std::uint64_t>(text::to_number(fields[3]).value_or(0)),
                         .home = fields[5],
                         .shell = fields[6],
                         .locked = password.starts_with('!') || password.starts_with('*') || password == "x"});
    }
    std::ranges::sort(users, {}, &User::uid);
    return users;
}

std::string capability_text(std::string_view bytes) {
    // struct vfs_cap_data: magic with an "effective" bit, then (permitted, inheritable) for the low and the high
    // half.
    const auto magic = word_at(bytes, 0);
    const auto permitted = word_at(bytes, 4) | word_at(bytes, 12) << 32U;
    const auto inheritable = word_at(bytes, 8) | word_at(bytes, 16) << 32U;
    std::vector<std::string> names;
    for (std::size_t bit = 0; bit < kCapabilities.size(); ++bit) {
        if (((permitted | inheritable) >> bit & 1U) != 0) {
            names.push_back(std::string("cap_") + kCapabilities[bit]);
        }
    }
    std::string flags;
    if ((magic & 1U) != 0) { flags += 'e'; }
    if (inheritable != 0) { flags += 'i'; }
    if (permitted != 0) { flags += 'p'; }
    return text::join(names, ",") + "=" + flags;
}

std::vector<PrivilegedFile> find_privileged(const Listing& listing, const std::vector<std::string>& owners) {
    constexpr unsigned kSpecial = 06000;
    std::vector<PrivilegedFile> found;
    for (std::size_t i = 0; i < listing.entries.size(); ++i) {
        const auto& entry = listing.entries[i];
        if (entry.kind != Kind::file || ((entry.mode & kSpecial) == 0 && entry.capability.empty())) { continue; }
        found.push_back(
            {.path = entry.path,
             .owner = owners[i],
             .mode = entry.mode,
             .uid = entry.uid,
             .gid = entry.gid,
             .capabilities = entry.capability.empty() ? std::string() : capability_text(entry.capability)});
    }
    return found;
}

bool is_system_file(std::string_view path) {
    if (path == "/etc/passwd" || path == "/etc/shadow" || path == "/etc/group" || path == "/usr/lib/os-release" ||
        path.starts_with("/usr/lib/ingot/")) {
        return true;
    }
    return path.ends_with(".socket") && (path.starts_with(kLocalUnits) || path.starts_with(kVendorUnits));
}

} // namespace ingot::builder::inspect
