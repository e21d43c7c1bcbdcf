// serve.yaml: which machines there are, and what they are to become.
//
//     machines:                       # known machines
//       - name: etcd-1
//         mac: 52:54:00:00:00:01     # mac, serial, uuid: at least one; all that are given have to fit
//         role: etcd
//         user_data: etcd.yaml
//         disk: transport=nvme
//     roles:                          # for all others, in this order
//       - role: db
//         count: 3
//         user_data: db.yaml
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::builder::serve {

enum class Mode { install, ram };

/// What a machine gets, however it was found.
struct Purpose {
    std::string role{};
    Mode mode = Mode::install;
    std::filesystem::path user_data{};
    std::filesystem::path network_config{}; ///< empty: none
    std::string disk{};                     ///< rules for the installer
    std::string wipe{};
    std::string again{};
    bool operator==(const Purpose&) const = default;
};

struct KnownMachine {
    std::string name{};
    std::optional<std::string> mac{};
    std::optional<std::string> serial{};
    std::optional<std::string> uuid{};
    Purpose purpose{};
};

struct RolePlaces {
    int count = 0;
    std::string names{}; ///< "db-{}"
    Purpose purpose{};
};

struct Config {
    std::vector<KnownMachine> machines{};
    std::vector<RolePlaces> roles{};
};

/// Paths in it are relative to `folder`. All faults at once.
Result<Config> parse_config(std::string_view text, std::string_view file, const std::filesystem::path& folder);

/// True for a name that can be a host's, a folder's and a part of an address.
bool is_plain_name(std::string_view text);

} // namespace ingot::builder::serve
