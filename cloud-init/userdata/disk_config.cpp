// The keys of cloud-config about disks: partitions, filesystems, mounts, swap. What would overwrite something is a
// warning here and is never done.
#include <algorithm>
#include <array>
#include <utility>

#include "cloud-init/userdata/machine_reader.hpp"
#include "cloud-init/userdata/rules.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;

namespace {

bool is_one_line(std::string_view text) { return text.find_first_of("\r\n") == std::string_view::npos; }

/// "sdb" and "/dev/sdb", LABEL=… and UUID=…; cloud-init's aliases (ephemeral0) name nothing here.
bool is_device(std::string_view text) {
    if (text.empty() || text.find_first_of(" \t\r\n") != std::string_view::npos) { return false; }
    if (text.starts_with("LABEL=") || text.starts_with("UUID=") || text.starts_with("PARTLABEL=") ||
        text.starts_with("PARTUUID=")) {
        return true;
    }
    return text.find("..") == std::string_view::npos &&
           (text.starts_with("/dev/") || text.find('/') == std::string_view::npos);
}

std::string full_device(const std::string& device) {
    const bool named =
        device.starts_with('/') || device.find('=') != std::string::npos || device.find(':') != std::string::npos;
    return named ? device : "/dev/" + device;
}

std::vector<DiskLayout> read_disks(const Value& root, Findings& findings) {
    std::vector<DiskLayout> disks;
    const Value* section = root.find("disk_setup");
    if (section == nullptr || section->mapping() == nullptr) { return disks; }
    for (const auto& entry : *section->mapping()) {
        const auto where = "disk_setup." + entry.key;
        Fields fields(entry.value, where, findings.faults);
        DiskLayout disk{.device = full_device(entry.key)};
        if (!is_device(entry.key)) {
            findings.faults.add(entry.position, text::format("{}: this is no device", where));
        }
        disk.gpt = fields.choice("table_type", {"gpt", "mbr"}).value_or("gpt") == "gpt";
        const Value* layout = fields.optional("layout");
        if (layout != nullptr && layout->sequence() != nullptr) {
            int sum = 0;
            for (const auto& item : *layout->sequence()) {
                const bool pair = item.sequence() != nullptr && !item.sequence()->empty();
                const auto percent = text::to_number(scalar_of(pair ? &item.sequence()->front() : &item)).value_or(0);
                if (percent < 1 || percent > 100) {
                    findings.faults.add(item.position, text::format("{}.layout: expected percents", where));
                    continue;
                }
                disk.percents.push_back(static_cast<int>(percent));
                sum += static_cast<int>(percent);
            }
            if (sum > 100) {
                findings.faults.add(layout->position, text::format("{}.layout: more than 100 percent", where));
            }
        } else if (text::lower(scalar_of(layout)) == "false") {
            continue;
        }
        if (fields.flag("overwrite").value_or(false)) {
            findings.warn(entry.position,
                          text::format("{}.overwrite is not obeyed: what is on a disk stays there", where));
        }
        warn_of_others(entry.value, where, "disk_setup{}", findings);
        disks.push_back(std::move(disk));
    }
    return disks;
}

/// The device of a partition: /dev/sdb + 1 → /dev/sdb1, /dev/nvme0n1 + 1 → /dev/nvme0n1p1.
std::string partition_of(const std::string& device, const std::string& number) {
    const bool digit = !device.empty() && device.back() >= '0' && device.back() <= '9';
    return device + (digit ? "p" : "") + number;
}

std::vector<FileSystem> read_filesystems(Fields& root, Findings& findings) {
    std::vector<FileSystem> list;
    for (const auto& item : items_of(root, "fs_setup")) {
        Fields fields(item, "fs_setup", findings.faults);
        FileSystem made{.device = full_device(fields.required_text("device")),
                        .type = fields.required_text("filesystem"),
                        .label = fields.text("label").value_or("")};
        const auto partition = text::lower(fields.text("partition").value_or("none"));
        if (text::to_number(partition)) {
            made.device = partition_of(made.device, partition);
        } else if (partition == "auto" || partition == "any") {
            made.device = partition_of(made.device, "1");
        }
        constexpr std::array<std::string_view, 5> kTypes{"ext4", "ext3", "ext2", "xfs", "swap"};
        if (std::ranges::find(kTypes, made.type) == kTypes.end()) {
            fault_at(fields, "filesystem", text::format("'{}' is none of ext4, ext3, ext2, xfs, swap", made.type));
        }
        if (made.label.starts_with('-') || made.label.size() > 16 || !is_one_line(made.label)) {
            fault_at(fields, "label", "at most 16 characters in one line");
        }
        if (!is_device(made.device)) { fault_at(fields, "device", text::format("'{}' is no device", made.device)); }
        for (const auto* const key : {"overwrite", "replace_fs"}) {
            if (fields.optional(key) != nullptr && text::lower(scalar_of(fields.optional(key))) != "false") {
                findings.warn(item.position,
                              text::format("fs_setup.{} is not obeyed: what is on a device stays there", key));
            }
        }
        warn_of_others(item, "fs_setup", "fs_setup[]", findings);
        list.push_back(std::move(made));
    }
    return list;
}

std::vector<Mount> read_mounts(Fields& root, Findings& findings) {
    std::vector<Mount> mounts;
    for (const auto& item : items_of(root, "mounts")) {
        const auto words = one_or_many(&item);
        constexpr std::size_t kMost = 6;
        if (item.sequence() == nullptr || words.size() < 2 || words.size() > kMost) {
            findings.faults.add(item.position, "mounts: expected [device, folder, type, options, dump, pass]");
            continue;
        }
        if (words[1].empty()) { continue; } // cloud-init's way to leave a default mount out
        if (words[0].starts_with("ephemeral") || words[0] == "swap") {
            findings.warn(item.position,
                          text::format("mounts: '{}' is a name of other clouds and is left out", words[0]));
            continue;
        }
        Mount mount{.device = full_device(words[0]),
                    .point = words[1],
                    .options = "defaults,nofail,x-systemd.device-timeout=30s"};
        if (words.size() > 2 && !words[2].empty()) { mount.type = words[2]; }
        if (words.size() > 3 && !words[3].empty()) { mount.options = words[3]; }
        if (words.size() > 4 && !words[4].empty()) { mount.dump = words[4]; }
        if (words.size() > 5 && !words[5].empty()) { mount.pass = words[5]; }
        const bool swap = mount.point == "none" && mount.type == "swap";
        if (!swap && !is_absolute_path(mount.point)) {
            findings.faults.add(item.position, text::format("mounts: '{}' is no absolute path", mount.point));
        }
        for (const auto& word : words) {
            if (word.find_first_of(" \t\r\n") != std::string::npos) {
                findings.faults.add(item.position, text::format("mounts: '{}': blanks cannot stand there", word));
            }
        }
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

/// What is read as "do not": YAML 1.1 turns a bare off into false, people write both.
bool is_off(std::string_view word) { return word == "off" || word == "false" || word == "no"; }

Growth read_growth(Fields& root, Findings& findings) {
    Growth growth;
    const Value* section = root.value().find("growpart");
    if (section != nullptr && section->scalar() != nullptr && is_off(text::lower(scalar_of(section)))) {
        growth.partition = false; // not cloud-init's form, and what it means is plain
    } else if (section != nullptr && !section->is_null()) {
        Fields fields(*section, "growpart", findings.faults);
        const auto mode = text::lower(scalar_of(fields.optional("mode")));
        growth.partition = !is_off(mode);
        if (growth.partition && !mode.empty() && mode != "auto" && mode != "growpart" && mode != "gpart") {
            fault_at(fields, "mode", text::format("expected auto or off, found '{}'", mode));
        }
        for (const auto& device : one_or_many(fields.optional("devices"))) {
            if (device != "/") {
                findings.warn(section->position, text::format("growpart.devices: only / grows here, not {}", device));
            }
        }
        warn_of_others(*section, "growpart", "growpart", findings);
    }
    const auto resize = text::lower(scalar_of(root.optional("resize_rootfs")));
    growth.filesystem = !is_off(resize);
    if (growth.filesystem && !resize.empty() && resize != "true" && resize != "yes" && resize != "on" &&
        resize != "noblock") {
        fault_at(root, "resize_rootfs", text::format("expected true, false or noblock, found '{}'", resize));
    }
    return growth;
}

/// "1073741824", "1G", "512M"; 0 for auto.
std::optional<std::uint64_t> read_size(std::string_view text) {
    if (text.empty() || text == "auto") { return 0; }
    std::uint64_t unit = 1;
    auto digits = text;
    if (digits.ends_with('B')) { digits.remove_suffix(1); }
    for (const auto& [letter, bytes] : {std::pair{'K', 1ULL << 10U}, std::pair{'M', 1ULL << 20U},
                                        std::pair{'G', 1ULL << 30U}, std::pair{'T', 1ULL << 40U}}) {
        if (digits.ends_with(letter)) {
            unit = bytes;
            digits.remove_suffix(1);
            break;
        }
    }
    const auto number = text::to_number(digits);
    constexpr long long kMost = 1LL << 40U;
    if (!number || *number < 0 || *number > kMost) { return std::nullopt; }
    return static_cast<std::uint64_t>(*number) * unit;
}

std::optional<Swap> read_swap(const Value& root, Findings& findings) {
    const Value* section = root.find("swap");
    if (section == nullptr || section->mapping() == nullptr) { return std::nullopt; }
    Fields fields(*section, "swap", findings.faults);
    Swap swap{.file = fields.text("filename").value_or("/swap.img")};
    const auto size = read_size(fields.text("size").value_or("auto"));
    const auto most = read_size(fields.text("maxsize").value_or(""));
    if (!is_absolute_path(swap.file) || swap.file.find_first_of(" \t\r\n") != std::string::npos) {
        fault_at(fields, "filename", text::format("'{}' is no absolute path", swap.file));
    }
    if (!size || !most) { fault_at(fields, size ? "maxsize" : "size", "expected bytes, or a number with K, M or G"); }
    swap.bytes = size.value_or(0);
    swap.most = most.value_or(0);
    warn_of_others(*section, "swap", "swap", findings);
    return swap;
}

} // namespace

std::string scalar_of(const Value* value) {
    return value == nullptr || value->scalar() == nullptr ? std::string() : value->scalar()->text;
}

std::vector<std::string> one_or_many(const Value* value) {
    std::vector<std::string> names;
    if (value == nullptr) { return names; }
    if (value->scalar() != nullptr) { names.push_back(value->scalar()->text); }
    if (value->sequence() != nullptr) {
        for (const auto& item : *value->sequence()) { names.push_back(scalar_of(&item)); }
    }
    return names;
}

/// The items of a list; a fault if it is none.
const document::Sequence& items_of(Fields& fields, std::string_view key) {
    static const document::Sequence kNone;
    const Value* value = fields.optional(key);
    if (value == nullptr) { return kNone; }
    if (value->sequence() == nullptr) {
        fault_at(fields, key, text::format("expected a list, found {}", value->kind()));
        return kNone;
    }
    return *value->sequence();
}

void read_disk_config(MachineConfig& config, Fields& fields, Findings& findings) {
    config.growth = read_growth(fields, findings);
    config.disks = read_disks(fields.value(), findings);
    config.filesystems = read_filesystems(fields, findings);
    config.mounts = read_mounts(fields, findings);
    config.swap = read_swap(fields.value(), findings);
}

} // namespace ingot::cloud_init
