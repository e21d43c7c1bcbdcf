// What of a role decides how it boots: formats, kernel, disk.
#include <algorithm>
#include <array>

#include "builder/spec/spec.hpp"
#include "common/document/document.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::spec {

namespace {

struct NamedFormat {
    Format format;
    const char* name;
    bool needs_kernel;
};

constexpr std::array kFormats = {NamedFormat{Format::raw, "raw", true},
                                 NamedFormat{Format::raw_zst, "raw.zst", true},
                                 NamedFormat{Format::qcow2, "qcow2", true},
                                 NamedFormat{Format::netboot, "netboot", true},
                                 NamedFormat{Format::squashfs, "squashfs", false},
                                 NamedFormat{Format::tar_zst, "tar.zst", false}};

struct NamedFlavour {
    Flavour flavour;
    const char* name;
};

constexpr std::array kFlavours = {NamedFlavour{Flavour::cloud, "cloud"}, NamedFlavour{Flavour::metal, "metal"},
                                  NamedFlavour{Flavour::none, "none"}};

std::vector<std::string> flavour_names() {
    std::vector<std::string> names;
    for (const auto& entry : kFlavours) { names.emplace_back(entry.name); }
    return names;
}

const NamedFormat& entry_of(Format format) { return *std::ranges::find(kFormats, format, &NamedFormat::format); }

/// "512M", "2G"; nothing if it is no such size.
std::optional<std::uint64_t> size_of(std::string_view text) {
    constexpr std::uint64_t kLargest = 1ULL << 42U;
    if (text.empty()) { return std::nullopt; }
    constexpr std::uint64_t kMega = 1ULL << 20U;
    const std::uint64_t unit = text.back() == 'M' ? kMega : text.back() == 'G' ? kMega << 10U : 0;
    const auto number = text::to_number(text.substr(0, text.size() - 1));
    if (unit == 0 || !number || *number < 0 || static_cast<std::uint64_t>(*number) > kLargest / unit) {
        return std::nullopt;
    }
    return static_cast<std::uint64_t>(*number) * unit;
}

} // namespace

std::string_view to_string(Format format) { return entry_of(format).name; }

std::vector<std::string> format_names() {
    std::vector<std::string> names;
    for (const auto& entry : kFormats) { names.emplace_back(entry.name); }
    return names;
}

std::optional<Format> format_of(std::string_view name) {
    const auto* const found = std::ranges::find(kFormats, name, &NamedFormat::name);
    return found == kFormats.end() ? std::nullopt : std::optional(found->format);
}

bool needs_kernel(Format format) { return entry_of(format).needs_kernel; }

std::string_view to_string(Flavour flavour) {
    return std::ranges::find(kFlavours, flavour, &NamedFlavour::flavour)->name;
}

std::vector<std::string> packages_of(Flavour flavour, std::string_view suite) {
    // busybox: the shell and the downloader of the initrd.
    std::vector<std::string> packages = {"busybox", "initramfs-tools", "zstd"};
    // It grows the root's partition; Debian 12 has it in the package systemd.
    if (suite != "bookworm") { packages.emplace_back("systemd-repart"); }
    switch (flavour) {
    case Flavour::none: return {};
    case Flavour::cloud: packages.emplace_back("linux-image-cloud-amd64"); break;
    case Flavour::metal:
        // Network cards and disk controllers of servers that do nothing without it, and microcode.
        std::ranges::copy(std::array{"amd64-microcode", "firmware-bnx2", "firmware-bnx2x", "firmware-cavium",
                                     "firmware-intel-misc", "firmware-misc-nonfree", "firmware-netronome",
                                     "firmware-qlogic", "firmware-realtek", "intel-microcode", "linux-image-amd64"},
                          std::back_inserter(packages));
        break;
    }
    return packages;
}

std::vector<std::string> components_of(Flavour flavour) {
    if (flavour == Flavour::metal) { return {"main", "non-free-firmware"}; }
    return {"main"};
}

Status check_formats(const Role& role) {
    if (role.kernel.flavour != Flavour::none) { return {}; }
    for (const auto format : role.formats) {
        if (!needs_kernel(format)) { continue; }
        return fail(ErrorKind::invalid_input,
                    text::format("formats: '{}' boots by itself, but {} has no kernel: say `kernel: {{ flavour: "
                                 "cloud }}` (or metal)",
                                 to_string(format), role.name));
    }
    return {};
}

void read_kernel(const document::Value& value, RoleFile& file, Faults& faults) {
    document::Fields fields(value, "kernel", faults);
    if (const auto* flavour = fields.optional("flavour")) {
        const auto name = document::as_text(*flavour, faults).value_or("");
        const auto* const found = std::ranges::find(kFlavours, name, &NamedFlavour::name);
        if (found == kFlavours.end()) {
            const auto near = text::nearest(name, flavour_names());
            faults.add(flavour->position,
                       text::format("kernel.flavour: '{}' is not a kernel; there are: {}", name,
                                    text::join(flavour_names(), ", ")),
                       near ? text::format("did you mean '{}'?", *near) : std::string());
        } else {
            file.flavour = found->flavour;
        }
        file.flavour_at = flavour->position;
    }
    if (const auto* line = fields.optional("command_line")) {
        file.command_line = document::as_text(*line, faults).value_or("");
        // It becomes one line of GRUB's configuration and one of iPXE's, and both have characters of their own.
        if (file.command_line->find_first_of("\n\r'\"\\$`{}<>|&#") != std::string::npos) {
            faults.add(line->position, "kernel.command_line: has a character that a boot loader would take as its "
                                       "own (quotes, \\ $ ` { } < > | & #, or a line end)");
        }
        if (file.command_line->find("root=") != std::string::npos) {
            faults.add(line->position, "kernel.command_line: root= is set by the builder");
        }
    }
    fields.finish();
}

void read_disk(const document::Value& value, RoleFile& file, Faults& faults) {
    document::Fields fields(value, "disk", faults);
    if (const auto* free = fields.required("free")) {
        const auto text = document::as_text(*free, faults).value_or("");
        file.free_bytes = size_of(text);
        if (!file.free_bytes) {
            faults.add(free->position, text::format("disk.free: '{}' is not a size such as 512M or 2G", text));
        }
    }
    fields.finish();
}

} // namespace ingot::builder::spec
