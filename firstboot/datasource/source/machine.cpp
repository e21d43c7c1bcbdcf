#include "firstboot/datasource/source/machine.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "common/text/text.hpp"
#include "firstboot/node/command_line.hpp"

namespace ingot::firstboot {

namespace {

using Name = std::pair<std::string_view, std::string_view>;

/// cloud-init's names (dmidecode's) and the kernel's.
constexpr std::array<Name, 17> kDmiNames = {{
    {"baseboard-asset-tag", "board_asset_tag"},
    {"baseboard-manufacturer", "board_vendor"},
    {"baseboard-product-name", "board_name"},
    {"baseboard-serial-number", "board_serial"},
    {"baseboard-version", "board_version"},
    {"bios-release-date", "bios_date"},
    {"bios-vendor", "bios_vendor"},
    {"bios-version", "bios_version"},
    {"chassis-asset-tag", "chassis_asset_tag"},
    {"chassis-manufacturer", "chassis_vendor"},
    {"chassis-serial-number", "chassis_serial"},
    {"chassis-version", "chassis_version"},
    {"system-manufacturer", "sys_vendor"},
    {"system-product-name", "product_name"},
    {"system-serial-number", "product_serial"},
    {"system-uuid", "product_uuid"},
    {"system-version", "product_version"},
}};

std::string dmi(const files::Root& root, std::string_view name) {
    const auto content = files::read_if_exists(root.at(text::format("/sys/class/dmi/id/{}", name)));
    return content && *content ? std::string(text::trim(**content)) : std::string();
}

/// The digits of a UUID, lower case; empty if it is none.
std::string uuid_digits(std::string_view uuid) {
    constexpr std::size_t kDigits = 32;
    auto digits = text::lower(text::trim(uuid));
    std::erase(digits, '-');
    const bool valid = digits.size() == kDigits && digits.find_first_not_of("0123456789abcdef") == std::string::npos;
    return valid ? digits : std::string();
}

/// The first three groups (4, 2 and 2 bytes) in the other byte order.
std::string swapped(const std::string& digits) {
    std::string result;
    std::size_t at = 0;
    for (const std::size_t bytes : {4U, 2U, 2U}) {
        for (std::size_t index = bytes; index-- > 0;) { result += digits.substr(at + index * 2, 2); }
        at += bytes * 2;
    }
    return result + digits.substr(at);
}

} // namespace

Machine read_machine(const files::Root& root) {
    Machine machine{.container = files::exists(root.at("/run/systemd/container")),
                    .command_line = read_command_line(root)};
    if (machine.container) { return machine; }
    machine.vendor = dmi(root, "sys_vendor");
    machine.product = dmi(root, "product_name");
    machine.serial = dmi(root, "product_serial");
    machine.uuid = text::lower(dmi(root, "product_uuid"));
    machine.board_asset_tag = dmi(root, "board_asset_tag");
    return machine;
}

std::string datasource_words(const Machine& machine) {
    for (const std::string_view key : {"ds", "ci.ds", "ci.datasource"}) {
        if (auto value = option(machine.command_line, key); value && !value->empty()) { return *std::move(value); }
    }
    return {};
}

std::string expand_dmi(std::string text, const files::Root& root) {
    for (const auto& [name, kernel_name] : kDmiNames) {
        const auto place = text::format("__dmi.{}__", name);
        if (text.find(place) != std::string::npos) {
            text = text::replace_all(std::move(text), place, dmi(root, kernel_name));
        }
    }
    return text;
}

bool same_uuid(std::string_view one, std::string_view other) {
    const auto left = uuid_digits(one);
    const auto right = uuid_digits(other);
    return !left.empty() && !right.empty() && (left == right || swapped(left) == right);
}

} // namespace ingot::firstboot
