// Hetzner Cloud's JSON as values. Only what is needed here; fields that are not known are passed over.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/clock.hpp"
#include "common/json/json.hpp"
#include "common/result/result.hpp"

namespace ingot::builder::publish::hetzner {

using Id = std::int64_t;
using Labels = std::map<std::string, std::string>;

/// Where a server type can be had, and for how much.
struct Offer {
    std::string location;
    bool available = true;     ///< as far as the provider says; a create may fail all the same
    double price_per_hour = 0; ///< gross; 0 if not said
};

struct ServerType {
    std::string name;
    std::string architecture; ///< "x86", "arm"
    std::uint64_t disk_gb = 0;
    bool deprecated = false;
    std::vector<Offer> offers{};
};

struct Server {
    Id id = 0;
    std::string name;
    std::string status; ///< "initializing", "off", "starting", "running", "stopping", "deleting", …
    bool rescue_enabled = false;
    bool locked = false;
    std::string ipv4{};
    std::string ipv6{}; ///< the address of the server in its network: the first
    std::string location{};
    clock::WallTime created{};
    Labels labels{};
};

struct Snapshot {
    Id id = 0;
    std::string name{}; ///< snapshots have none, system images do
    std::string status; ///< "creating", "available", "unavailable"
    std::string type;   ///< "snapshot", "system", …
    std::string description{};
    std::string architecture{};
    std::string os_flavor{};
    double stored_gb = 0; ///< what is paid for
    double disk_gb = 0;   ///< what a server needs at least
    bool is_protected = false;
    bool deprecated = false;
    clock::WallTime created{};
    Labels labels{};
};

struct SshKey {
    Id id = 0;
    std::string name;
    clock::WallTime created{};
    Labels labels{};
};

struct Action {
    Id id = 0;
    std::string status; ///< "running", "success", "error"
    std::string command{};
    int progress = 0;
    std::string error_code{};
    std::string error_message{};
};

/// Each is invalid_input if the value has not even an id (or, for a server type, a name).
Result<ServerType> to_server_type(const json::Json& value);
Result<Server> to_server(const json::Json& value);
Result<Snapshot> to_snapshot(const json::Json& value);
Result<SshKey> to_ssh_key(const json::Json& value);
Result<Action> to_action(const json::Json& value);

json::Json to_json(const Labels& labels);

/// "2026-11-28T01:02:03+00:00" and "…Z"; nothing if it is no such time.
std::optional<clock::WallTime> to_time(std::string_view text);

} // namespace ingot::builder::publish::hetzner
