// What an image does when it runs, read from its files: units, listening services, users, files with privileges.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "builder/inspect/listing.hpp"

namespace ingot::builder::inspect {

struct EnabledUnit {
    std::string name;
    std::string wanted_by; ///< "multi-user.target"
    bool operator==(const EnabledUnit&) const = default;
};

struct Units {
    std::vector<EnabledUnit> enabled{}; ///< by links in /etc/systemd/system; those that are masked are not among them
    std::vector<std::string> masked{};  ///< by a person or a spec, in /etc
};
Units find_units(const Listing& listing);

struct Listener {
    std::string unit;
    std::string address; ///< "tcp 22", "udp 127.0.0.53:53"
    std::string when;    ///< "at boot", "when the agent starts it"
    bool operator==(const Listener&) const = default;
};
/// What will listen to the network: sockets of systemd that are enabled, and what the daemons of our roles are known
/// to listen on, if their unit is in the image and not masked.
std::vector<Listener> find_listeners(const Listing& listing, const Units& units);

struct User {
    std::string name;
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::string home;
    std::string shell;
    bool locked = true;                    ///< no password opens it
    [[nodiscard]] bool can_log_in() const; ///< has a shell
    bool operator==(const User&) const = default;
};
std::vector<User> find_users(std::string_view passwd, std::string_view shadow);

struct PrivilegedFile {
    std::string path;
    std::string owner; ///< package
    unsigned mode = 0;
    std::uint64_t uid = 0;
    std::uint64_t gid = 0;
    std::string capabilities{}; ///< "cap_net_raw=ep"
    bool operator==(const PrivilegedFile&) const = default;
};
/// setuid and setgid files (setgid on folders is only inheritance) and files with capabilities.
std::vector<PrivilegedFile> find_privileged(const Listing& listing, const std::vector<std::string>& owners);

/// The bytes of security.capability as getcap writes them.
std::string capability_text(std::string_view bytes);

/// The paths that are read for all this.
bool is_system_file(std::string_view path);

} // namespace ingot::builder::inspect
