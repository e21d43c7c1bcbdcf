#include "cloud-init/userdata/sections.hpp"

#include <algorithm>
#include <array>

#include "cloud-init/userdata/rules.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;

void Findings::warn(const Position& position, std::string_view message) {
    // For a person to read: a key may be a mebibyte.
    constexpr std::size_t kLongest = 1000;
    auto end = std::min(message.size(), kLongest);
    while (end < message.size() && end > 0 && (static_cast<unsigned char>(message[end]) & 0xC0U) == 0x80U) { --end; }
    warnings.push_back(
        text::format("{}: {}{}", position.to_string(), message.substr(0, end), end < message.size() ? "…" : ""));
}

void fault_at(Fields& fields, std::string_view key, std::string_view message, std::string hint) {
    const Value* value = fields.value().find(key);
    fields.faults().add(value == nullptr ? fields.value().position : value->position,
                        text::format("{}: {}", fields.path(key), message), std::move(hint));
}

void refuse_unsupported(Fields& fields, std::initializer_list<std::string_view> keys) {
    const document::Mapping* entries = fields.value().mapping();
    for (const auto key : keys) {
        if (entries == nullptr) { return; }
        const auto entry = std::ranges::find(*entries, key, &document::Entry::key);
        if (entry == entries->end()) { continue; }
        fields.ignore(key);
        fields.faults().add(entry->position, text::format("{}: not supported by this version", fields.path(key)));
    }
}

namespace {

/// Loopback, link-local, multicast, "this network", and IPv4 written as IPv6.
bool is_special(const Address& address) {
    static constexpr std::array<std::string_view, 7> kBlocks = {
        "0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3", "::/16", "fe80::/10", "ff00::/8"};
    return std::ranges::any_of(kBlocks, [&](std::string_view block) {
        const auto network = Network::parse(block);
        return network && network->contains(address);
    });
}

} // namespace

std::string read_cluster_name(Fields& fields, std::string_view key) {
    auto name = fields.required_text(key);
    if (!name.empty() && !is_cluster_name(name)) {
        fault_at(fields, key, text::format("'{}' cannot name a cluster", name),
                 "a letter, then up to 30 lower-case letters, digits or '-', not ending in '-'");
    }
    return name;
}

std::string read_uuid(Fields& fields, std::string_view key) {
    auto id = fields.required_text(key);
    if (!id.empty() && !is_uuid(id)) {
        fault_at(fields, key, "expected the lower-case UUID that 'ingot cluster init' drew");
    }
    return id;
}

std::optional<Network> read_network(Fields& fields, std::string_view key) {
    const auto written = fields.required_text(key);
    if (written.empty()) { return std::nullopt; }
    const auto network = Network::parse(written);
    if (!network) {
        fault_at(fields, key, text::format("'{}' is no network", written), "as in 10.0.0.0/24");
        return std::nullopt;
    }
    if (network->written() != network->first()) {
        fault_at(fields, key, text::format("'{}' has bits behind its prefix", written),
                 text::format("did you mean '{}'?", network->to_string()));
        return network;
    }
    const bool v6 = network->written().is_v6();
    if (network->prefix() < (v6 ? 16 : 8) || network->prefix() > (v6 ? 124 : 29)) {
        fault_at(fields, key, text::format("a private network of /{} is of no use", network->prefix()),
                 v6 ? "/16 to /124" : "/8 to /29");
    }
    if (is_special(network->written())) {
        fault_at(fields, key, text::format("{} is no network that machines share", written));
    }
    return network;
}

std::map<std::string, std::string> read_founders(Fields& fields, std::string_view key,
                                                 const std::optional<Network>& network) {
    std::map<std::string, std::string> founders;
    const Value* section = fields.required(key);
    if (section == nullptr) { return founders; }
    if (section->mapping() == nullptr) {
        fault_at(fields, key, "expected a mapping of names to addresses", "as in etcd-1: 10.0.0.11");
        return founders;
    }
    std::map<std::string, std::string> names; // by canonical address
    Faults& faults = fields.faults();
    for (const auto& [name, position, value] : *section->mapping()) {
        const auto where = text::format("{}.{}", fields.path(key), name);
        if (!is_host_label(name)) {
            faults.add(position, text::format("{}: '{}' cannot name a machine", fields.path(key), name),
                       "lower-case letters, digits and '-' inside");
        }
        const auto written = document::as_text(value, faults);
        if (!written) { continue; }
        const auto address = Address::parse(*written);
        if (!address) {
            faults.add(value.position, text::format("{}: '{}' is no IP address", where, *written));
            continue;
        }
        const bool usable = !network || (network->contains(*address) && *address != network->first() &&
                                         (address->is_v6() || *address != network->last()));
        if (!usable) {
            faults.add(value.position,
                       text::format("{}: {} is no machine's address in {}", where, *written, network->to_string()));
        }
        const auto [other, added] = names.try_emplace(address->to_string(), name);
        if (!added) {
            faults.add(value.position,
                       text::format("{}: {} is also the address of {}", where, *written, other->second));
        }
        founders[name] = address->to_string();
    }
    const auto count = section->mapping()->size();
    if (count != 1 && count != 3 && count != 5) {
        fault_at(fields, key, text::format("{} founders", count),
                 "1, 3 or 5: an even number tolerates no more failures than one less");
    }
    return founders;
}

int read_postgres_version(Fields& fields) {
    return static_cast<int>(fields.number("version", 13, 18).value_or(PostgresConfig{}.version));
}

std::map<std::string, std::string> read_parameters(Fields& fields) {
    std::map<std::string, std::string> parameters;
    const Value* section = fields.optional("parameters");
    if (section == nullptr) { return parameters; }
    const Fields inner(*section, fields.path("parameters"), fields.faults());
    if (section->mapping() == nullptr) { return parameters; }
    std::map<std::string, std::string> seen; // lower case, as PostgreSQL compares them
    for (const auto& [name, position, value] : *section->mapping()) {
        if (!is_parameter_name(name)) {
            fields.faults().add(
                position, text::format("{}: '{}' is no parameter of PostgreSQL", fields.path("parameters"), name));
            continue;
        }
        if (const auto reason = why_controlled_parameter(name)) {
            fields.faults().add(position, text::format("{} cannot be set here: {}", inner.path(name), *reason));
            continue;
        }
        if (const auto [first, added] = seen.try_emplace(text::lower(name), name); !added) {
            fields.faults().add(position,
                                text::format("{} is the same parameter as {}", inner.path(name), first->second));
            continue;
        }
        if (value.scalar() == nullptr) {
            fields.faults().add(value.position, text::format("{}: expected a text or a number, found {}",
                                                             inner.path(name), value.kind()));
            continue;
        }
        parameters[name] = value.scalar()->text;
    }
    return parameters;
}

bool check_database_user(const Position& position, std::string_view where, const std::string& name,
                         std::set<std::string>& seen, Faults& faults) {
    if (name.empty()) { return false; }
    if (!is_database_name(name)) {
        faults.add(position, text::format("{}: '{}' cannot name a database user", where, name),
                   "a lower-case letter or '_', then letters, digits, '_' or '-', at most 63");
    } else if (const auto reason = why_reserved_role(name)) {
        faults.add(position, text::format("{}: '{}' cannot name a database user: {}", where, name, *reason));
    } else if (!seen.insert(name).second) {
        faults.add(position, text::format("{}: the user '{}' is given twice", where, name));
    } else {
        return true;
    }
    seen.insert(name); // so that owners who name it are not reported besides
    return false;
}

std::vector<DatabaseConfig> read_databases(Fields& fields, const std::set<std::string>& users) {
    std::vector<DatabaseConfig> databases;
    const Value* section = fields.optional("databases");
    if (section == nullptr) { return databases; }
    if (section->sequence() == nullptr) {
        fault_at(fields, "databases", "expected a list", "as in - {name: app, owner: app}");
        return databases;
    }
    std::set<std::string> seen;
    for (std::size_t index = 0; index < section->sequence()->size(); ++index) {
        Fields item((*section->sequence())[index], text::format("{}[{}]", fields.path("databases"), index),
                    fields.faults());
        DatabaseConfig database{.name = item.required_text("name"), .owner = item.text("owner")};
        database.extensions = read_extensions(item);
        if (!database.name.empty() && !is_database_name(database.name)) {
            fault_at(item, "name", text::format("'{}' cannot name a database", database.name),
                     "a lower-case letter or '_', then letters, digits, '_' or '-', at most 63");
        } else if (const auto reason = why_reserved_database(database.name)) {
            fault_at(item, "name", text::format("'{}' cannot name a database: {}", database.name, *reason));
        } else if (!database.name.empty() && !seen.insert(database.name).second) {
            fault_at(item, "name", text::format("the database '{}' is given twice", database.name));
        }
        if (database.owner && !users.contains(*database.owner)) {
            const std::vector<std::string> known(users.begin(), users.end());
            const auto near = text::nearest(*database.owner, known);
            fault_at(item, "owner", text::format("'{}' is not one of {}", *database.owner, fields.path("users")),
                     near ? text::format("did you mean '{}'?", *near) : "");
        }
        item.finish();
        databases.push_back(std::move(database));
    }
    return databases;
}

ProxyConfig read_proxy(const Value* section, std::string where, const std::optional<Network>& network,
                       FirewallConfig& firewall, Faults& faults) {
    ProxyConfig proxy;
    if (section == nullptr) { return proxy; }
    Fields fields(*section, std::move(where), faults);
    if (const Value* ports = fields.optional("ports")) {
        Fields inner(*ports, fields.path("ports"), faults);
        std::map<int, std::string_view> seen;
        const auto port = [&](std::string_view key, int usual) {
            const int number = static_cast<int>(inner.number(key, 1, 65535).value_or(usual));
            const auto [other, added] = seen.try_emplace(number, key);
            if (!added) { fault_at(inner, key, text::format("{} is also the {} port", number, other->second)); }
            if (number == 22) { fault_at(inner, key, "22 is the port of ssh"); }
            return number;
        };
        proxy.primary_port = port("primary", proxy.primary_port);
        proxy.replica_port = port("replica", proxy.replica_port);
        proxy.pool_port = port("pool", proxy.pool_port);
        proxy.read_pool_port = port("read_pool", proxy.read_pool_port);
        inner.finish();
    }
    if (const Value* pool = fields.optional("pool")) {
        Fields inner(*pool, fields.path("pool"), faults);
        const auto clients = inner.number("max_client_connections", 1, 1'000'000);
        proxy.max_client_connections = static_cast<int>(clients.value_or(proxy.max_client_connections));
        if (const auto size = inner.number("size", 1, 100'000)) { proxy.pool_size = static_cast<int>(*size); }
        inner.finish();
    }
    firewall.clients = read_networks(fields, "clients");
    if (const auto written = fields.text("virtual_address")) {
        const auto address = Address::parse(*written);
        if (!address) {
            fault_at(fields, "virtual_address", text::format("'{}' is no IP address", *written));
        } else if (network && (!network->contains(*address) || *address == network->first() ||
                               (!address->is_v6() && *address == network->last()))) {
            fault_at(fields, "virtual_address",
                     text::format("{} is no machine's address in {}", *written, network->to_string()));
        } else {
            proxy.virtual_address = address->to_string();
        }
    }
    fields.finish();
    return proxy;
}

std::vector<std::string> read_ssh_keys(Fields& fields, std::string_view key) {
    const Value* section = fields.optional(key);
    if (section == nullptr) { return {}; }
    auto keys = fields.texts(key).value_or(std::vector<std::string>{});
    for (std::size_t index = 0; index < keys.size(); ++index) {
        keys[index] = std::string(text::trim(keys[index]));
        if (is_ssh_key(keys[index])) { continue; }
        fields.faults().add((*section->sequence())[index].position,
                            text::format("{}[{}]: this is no public SSH key", fields.path(key), index),
                            "as in ssh-ed25519 AAAA… name");
    }
    return keys;
}

} // namespace ingot::cloud_init
