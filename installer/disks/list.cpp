#include <algorithm>
#include <array>
#include <map>

#include "common/text/text.hpp"
#include "installer/disks/disk.hpp"

namespace ingot::installer {

namespace {

constexpr std::uint64_t kSysfsSector = 512; // whatever the disk's own is

std::string line_of(const std::filesystem::path& file) {
    return std::string(text::trim(files::read(file, 65536).value_or("")));
}

std::uint64_t number_of(const std::filesystem::path& file) {
    const auto number = text::to_number(line_of(file));
    return number && *number > 0 ? static_cast<std::uint64_t>(*number) : 0;
}

bool is_virtual(std::string_view name) {
    constexpr std::array<std::string_view, 8> kPrefixes = {"loop", "zram", "ram", "md", "dm-", "sr", "fd", "nbd"};
    return std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

/// udev's own words: properties ("E:"), and links ("S:").
struct Udev {
    std::map<std::string, std::string> properties;
    std::vector<std::string> by_id;
};

Udev read_udev(const files::Root& root, const std::string& device) {
    Udev udev;
    constexpr std::string_view kById = "S:disk/by-id/";
    for (const auto& line : text::lines(files::read(root.at("/run/udev/data/b" + device)).value_or(""))) {
        if (line.starts_with(kById)) { udev.by_id.push_back(line.substr(kById.size())); }
        if (!line.starts_with("E:")) { continue; }
        const auto equals = line.find('=');
        if (equals != std::string::npos) { udev.properties[line.substr(2, equals - 2)] = line.substr(equals + 1); }
    }
    std::ranges::sort(udev.by_id);
    return udev;
}

std::string first_of(std::initializer_list<std::string> values) {
    for (const auto& value : values) {
        if (!value.empty()) { return value; }
    }
    return {};
}

std::string transport_of(const std::string& name, const std::string& bus) {
    if (name.starts_with("nvme")) { return "nvme"; }
    if (name.starts_with("vd")) { return "virtio"; }
    return bus == "ata" ? "sata" : bus;
}

/// Mount points and swap, by device name ("sda1").
std::map<std::string, std::vector<std::string>> uses_of_devices(const files::Root& root) {
    std::map<std::string, std::vector<std::string>> uses;
    constexpr std::string_view kDev = "/dev/";
    for (const auto& line : text::lines(files::read(root.at("/proc/self/mounts")).value_or(""))) {
        const auto words = text::split(line, ' ');
        if (words.size() > 1 && words[0].starts_with(kDev)) {
            uses[words[0].substr(kDev.size())].push_back(words[1]);
        }
    }
    for (const auto& line : text::lines(files::read(root.at("/proc/swaps")).value_or(""))) {
        const auto device = line.substr(0, line.find_first_of(" \t"));
        if (device.starts_with(kDev)) { uses[device.substr(kDev.size())].emplace_back("swap"); }
    }
    return uses;
}

Disk read_disk(const files::Root& root, const std::string& name,
               const std::map<std::string, std::vector<std::string>>& uses) {
    const auto folder = root.at("/sys/block/" + name);
    const auto udev = read_udev(root, line_of(folder / "dev"));
    const auto property = [&](const char* key) {
        const auto found = udev.properties.find(key);
        return found == udev.properties.end() ? std::string() : found->second;
    };
    Disk disk{.name = name,
              .path = "/dev/" + name,
              .by_id = udev.by_id,
              .serial = first_of({property("ID_SERIAL_SHORT"), property("ID_SCSI_SERIAL"), line_of(folder / "serial"),
                                  line_of(folder / "device/serial"), property("ID_SERIAL")}),
              .wwn = first_of({property("ID_WWN_WITH_EXTENSION"), property("ID_WWN"), line_of(folder / "wwid"),
                               line_of(folder / "device/wwid")}),
              .model = first_of({line_of(folder / "device/model"), property("ID_MODEL")}),
              .transport = transport_of(name, property("ID_BUS")),
              .size = number_of(folder / "size") * kSysfsSector,
              .sector_size = static_cast<std::uint32_t>(number_of(folder / "queue/logical_block_size")),
              .rotational = line_of(folder / "queue/rotational") == "1",
              .removable = line_of(folder / "removable") == "1",
              .read_only = line_of(folder / "ro") == "1",
              .virtual_device = is_virtual(name)};
    std::vector<std::string> parts = {""};
    for (const auto& entry : files::list(folder).value_or(std::vector<std::string>{})) {
        if (entry.starts_with(name)) { parts.push_back(entry); }
    }
    for (const auto& part : parts) {
        for (auto& holder : files::list(folder / part / "holders").value_or(std::vector<std::string>{})) {
            disk.used_by.push_back(std::move(holder));
        }
        if (const auto used = uses.find(part.empty() ? name : part); used != uses.end()) {
            disk.used_by.insert(disk.used_by.end(), used->second.begin(), used->second.end());
        }
    }
    return disk;
}

} // namespace

Result<std::vector<Disk>> list_disks(const files::Root& root) {
    INGOT_ASSIGN(const auto names, files::list(root.at("/sys/block")), "looking for disks");
    const auto uses = uses_of_devices(root);
    std::vector<Disk> disks;
    disks.reserve(names.size());
    for (const auto& name : names) { disks.push_back(read_disk(root, name, uses)); }
    return disks;
}

std::string describe(const Disk& disk) {
    auto said = text::format("{} ({}", disk.path, text::human_bytes(disk.size));
    if (!disk.model.empty()) { said += ", " + disk.model; }
    if (!disk.transport.empty()) { said += ", " + disk.transport; }
    if (disk.rotational) { said += ", rotational"; }
    if (!disk.serial.empty()) { said += ", serial " + disk.serial; }
    if (!disk.wwn.empty()) { said += ", wwn " + disk.wwn; }
    if (!disk.by_id.empty()) { said += ", id " + disk.by_id.front(); }
    return said + ")";
}

} // namespace ingot::installer
