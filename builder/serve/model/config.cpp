#include "builder/serve/model/config.hpp"

#include <algorithm>
#include <set>

#include "common/document/document.hpp"
#include "common/identity/identity.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace {

using document::Fields;

constexpr int kMostMachines = 1000;

/// A word of iPXE's and the kernel's command line: nothing that either of them takes as its own.
std::string word(Fields& fields, std::string_view key) {
    auto text = fields.text(key).value_or("");
    if (text.find_first_of(" \t\n\r\"'\\$`{}|&;#") != std::string::npos) {
        fields.faults().add(
            fields.value().position,
            text::format("{}: '{}' has a character that no boot loader passes on", fields.path(key), text));
    }
    return text;
}

Purpose read_purpose(Fields& fields, const std::filesystem::path& folder) {
    Purpose purpose{.role = fields.required_text("role")};
    if (!purpose.role.empty() && !is_plain_name(purpose.role)) {
        fields.faults().add(fields.value().position, text::format("'{}' is no name of a role", purpose.role));
    }
    purpose.mode = fields.choice("mode", {"install", "ram"}).value_or("install") == "ram" ? Mode::ram : Mode::install;
    const auto user_data = fields.required_text("user_data");
    if (!user_data.empty()) { purpose.user_data = folder / user_data; }
    if (const auto file = fields.text("network_config")) { purpose.network_config = folder / *file; }
    purpose.disk = word(fields, "disk");
    purpose.wipe = word(fields, "wipe");
    purpose.again = word(fields, "again");
    return purpose;
}

/// An identifier that says nothing would be everybody's.
std::optional<std::string> identifier(Fields& fields, std::string_view key,
                                      std::optional<std::string> (*read)(std::string_view)) {
    const auto text = fields.text(key);
    if (!text) { return std::nullopt; }
    auto value = read(*text);
    if (!value) {
        fields.faults().add(fields.value().position,
                            text::format("{}: '{}' tells no machine from another", fields.path(key), *text));
    }
    return value;
}

KnownMachine read_machine(const document::Value& value, const std::string& where, const std::filesystem::path& folder,
                          Faults& faults) {
    Fields fields(value, where, faults);
    KnownMachine machine{.name = fields.required_text("name")};
    if (!machine.name.empty() && !is_plain_name(machine.name)) {
        faults.add(value.position, text::format("'{}' cannot be the name of a machine", machine.name),
                   "lower case letters, digits and hyphens");
    }
    machine.mac = identifier(fields, "mac", identity::mac_of);
    machine.serial = identifier(fields, "serial", identity::serial_of);
    machine.uuid = identifier(fields, "uuid", identity::uuid_of);
    const bool any = value.find("mac") != nullptr || value.find("serial") != nullptr || value.find("uuid") != nullptr;
    if (!any && value.mapping() != nullptr) {
        faults.add(value.position, text::format("{} has neither mac nor serial nor uuid", where));
    }
    machine.purpose = read_purpose(fields, folder);
    fields.finish();
    return machine;
}

RolePlaces read_role(const document::Value& value, const std::string& where, const std::filesystem::path& folder,
                     Faults& faults) {
    Fields fields(value, where, faults);
    RolePlaces places;
    places.count = static_cast<int>(fields.number("count", 1, kMostMachines).value_or(0));
    if (places.count == 0 && value.find("count") == nullptr) {
        faults.add(value.position, text::format("{} does not say how many machines (count)", where));
    }
    places.names = fields.text("names").value_or("");
    places.purpose = read_purpose(fields, folder);
    if (places.names.empty()) { places.names = places.purpose.role + "-{}"; }
    const auto first = text::replace_all(places.names, "{}", "1");
    if (first == places.names || !is_plain_name(first)) {
        faults.add(value.position, text::format("names: '{}' gives no names of machines", places.names),
                   "db-{} gives db-1, db-2, …");
    }
    fields.finish();
    return places;
}

template <typename Read>
void read_list(Fields& fields, std::string_view key, Read read) {
    const auto* const value = fields.optional(key);
    if (value == nullptr) { return; }
    const auto* const list = value->sequence();
    if (list == nullptr) {
        fields.faults().add(value->position, text::format("{} is {}, not a list", key, value->kind()));
        return;
    }
    for (std::size_t index = 0; index < list->size(); ++index) {
        read((*list)[index], text::format("{}[{}]", key, index));
    }
}

/// Nothing may be said twice: whichever came second would silently not count.
void check_unique(const Config& config, std::string_view file, Faults& faults) {
    std::set<std::string> seen;
    const auto once = [&](std::string_view what, const std::optional<std::string>& value) {
        if (value && !value->empty() && !seen.insert(text::format("{} {}", what, *value)).second) {
            faults.add({.file = std::string(file)}, text::format("the {} {} stands there twice", what, *value));
        }
    };
    for (const auto& machine : config.machines) {
        once("name", machine.name);
        once("mac", machine.mac);
        once("serial", machine.serial);
        once("uuid", machine.uuid);
    }
}

} // namespace

bool is_plain_name(std::string_view text) {
    constexpr std::size_t kLongest = 63;
    return !text.empty() && text.size() <= kLongest && !text.starts_with('-') && !text.ends_with('-') &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Result<Config> parse_config(std::string_view text, std::string_view file, const std::filesystem::path& folder) {
    Faults faults;
    const auto document = document::parse(text, file, faults);
    if (!faults.empty()) { return faults.to_error(); }
    Config config;
    Fields fields(document, "", faults);
    read_list(fields, "machines", [&](const document::Value& value, const std::string& where) {
        config.machines.push_back(read_machine(value, where, folder, faults));
    });
    read_list(fields, "roles", [&](const document::Value& value, const std::string& where) {
        config.roles.push_back(read_role(value, where, folder, faults));
    });
    fields.finish();
    check_unique(config, file, faults);
    if (!faults.empty()) { return faults.to_error(); }
    return config;
}

} // namespace ingot::builder::serve
