#include "firstboot/system/disks.hpp"

#include <algorithm>
#include <fstream>

#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

using cloud_init::DiskLayout;
using cloud_init::FileSystem;
using cloud_init::Mount;
using cloud_init::Swap;

namespace {

constexpr std::string_view kMark = ",x-ingot"; ///< in the options of our lines of fstab

Status run_tool(Environment& environment, std::vector<std::string> argv, std::string input = {}) {
    const auto program = argv.front();
    const auto done = process::run_checked(
        environment.processes,
        {.argv = std::move(argv), .input = std::move(input), .timeout = std::chrono::minutes(10)});
    if (done) { return {}; }
    if (done.error().kind != ErrorKind::not_found) { return done.error(); }
    return fail(
        ErrorKind::invalid_input,
        text::format("this image has no {}, which the user-data needs: add its package to the role", program));
}

/// Data of a kind that blkid does not know (raw, encrypted) is data all the same: only a device that begins with a
/// mebibyte of zeros, as a new volume does, holds nothing.
Result<bool> begins_with_zeros(const std::filesystem::path& device) {
    constexpr std::size_t kLooked = std::size_t{1} << 20U;
    std::string bytes(kLooked, '\0');
    std::ifstream in(device, std::ios::binary);
    if (!in) { return fail(ErrorKind::transient, text::format("{} cannot be read", device.string())); }
    in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (in.bad()) { return fail(ErrorKind::transient, text::format("{} cannot be read", device.string())); }
    return bytes.find_first_not_of('\0') == std::string::npos;
}

Result<std::uint64_t> size_of_device(const std::filesystem::path& device) {
    std::ifstream in(device, std::ios::binary | std::ios::ate);
    const auto end = in ? static_cast<std::streamoff>(in.tellg()) : -1;
    if (end < 0) { return fail(ErrorKind::transient, text::format("{} cannot be read", device.string())); }
    return static_cast<std::uint64_t>(end);
}

Result<DeviceContent> look_at(Environment& environment, const std::string& device) {
    const auto path = environment.root.at(device);
    if (!device.starts_with("/dev/") || !files::exists(path)) {
        return fail(ErrorKind::transient, text::format("there is no device {} yet", device));
    }
    INGOT_ASSIGN(const auto output,
                 environment.processes.run({.argv = {"blkid", "--probe", "--output", "export", path.string()},
                                            .timeout = std::chrono::seconds(30)}),
                 "asking what is on " + device);
    // It exits with 2 for "nothing there" and also for a device that it could not read.
    if (const auto said = text::trim(output.err); !said.empty()) {
        return fail(ErrorKind::transient, text::format("what is on {} cannot be told: {}", device, said));
    }
    auto content = device_content(output.exit_code, output.out);
    if (content.empty) { INGOT_ASSIGN(content.empty, begins_with_zeros(path), ""); }
    return content;
}

std::string describe(const DeviceContent& content) {
    if (!content.type.empty()) { return content.type; }
    return content.table.empty() ? "data of an unknown kind" : "partitions (" + content.table + ")";
}

Step partition_step(const DiskLayout& disk, Environment& environment) {
    return {.name = "system.partitions-" + disk.device,
            .description = "partitioning " + disk.device,
            .apply = [disk, &environment]() -> Status {
                INGOT_ASSIGN(const auto content, look_at(environment, disk.device), "");
                if (!content.empty) {
                    log::info(text::format("{} holds {} and stays as it is", disk.device, describe(content)));
                    return {};
                }
                INGOT_ASSIGN(const auto bytes, size_of_device(environment.root.at(disk.device)), "");
                return run_tool(environment,
                                {"sfdisk", "--wipe", "never", "--wipe-partitions", "never",
                                 environment.root.at(disk.device).string()},
                                render_sfdisk(disk, bytes));
            }};
}

std::vector<std::string> mkfs_command(const FileSystem& wanted, const std::string& device) {
    std::vector<std::string> argv;
    if (wanted.type == "swap") {
        argv = {"mkswap"};
    } else {
        argv = {"mkfs." + wanted.type, "-q"};
    }
    if (!wanted.label.empty()) { argv.insert(argv.end(), {"-L", wanted.label}); }
    argv.push_back(device);
    return argv;
}

Step filesystem_step(const FileSystem& wanted, Environment& environment) {
    return {.name = "system.filesystem-" + wanted.device,
            .description = text::format("making a filesystem on {}, if there is nothing", wanted.device),
            .apply = [wanted, &environment]() -> Status {
                INGOT_ASSIGN(const auto content, look_at(environment, wanted.device), "");
                if (content.empty) {
                    return run_tool(environment, mkfs_command(wanted, environment.root.at(wanted.device).string()));
                }
                const bool same =
                    content.type == wanted.type && (wanted.label.empty() || content.label == wanted.label);
                if (!same) {
                    log::warning(text::format("{} holds {}{}{} and stays as it is; the user-data asks for {}",
                                              wanted.device, describe(content),
                                              content.label.empty() ? "" : " labelled ", content.label, wanted.type));
                }
                return {};
            }};
}

Result<bool> is_mounted(Environment& environment, const std::string& point) {
    INGOT_ASSIGN(const auto output,
                 environment.processes.run({.argv = {"findmnt", "--noheadings", "--mountpoint", point}}), "");
    return output.exit_code == 0;
}

Status mount_one(Environment& environment, const Mount& mount) {
    if (mount.point == "none") { return run_tool(environment, {"swapon", "--all"}); }
    INGOT_ASSIGN(const bool mounted, is_mounted(environment, mount.point), "");
    if (mounted) { return {}; }
    const auto folder = environment.root.at(mount.point);
    INGOT_TRY(files::make_directory(folder), "");
    INGOT_ASSIGN(const auto names, files::list(folder), "");
    if (!names.empty()) {
        return fail(ErrorKind::refused,
                    text::format("{} is not mounted on {}: there are files in that folder, which would be hidden",
                                 mount.device, mount.point));
    }
    return run_tool(environment, {"mount", "--", mount.point});
}

Step mounts_step(const std::vector<Mount>& mounts, Environment& environment) {
    return {.name = "system.mounts",
            .description = "mounting the filesystems of the user-data",
            .apply = [mounts, &environment]() -> Status {
                const auto path = environment.root.at("/etc/fstab");
                INGOT_ASSIGN(const auto existing, files::read_if_exists(path), "");
                INGOT_ASSIGN(const bool changed,
                             files::write_if_different(path, render_fstab(existing.value_or(""), mounts)), "");
                if (changed) { INGOT_TRY(environment.services.reload_manager(), ""); }
                for (const auto& mount : mounts) {
                    INGOT_TRY(mount_one(environment, mount), text::format("mounting {}", mount.point));
                }
                return {};
            }};
}

std::uint64_t memory_of(const files::Root& root) {
    constexpr std::uint64_t kKibibyte = 1024;
    const auto content = files::read_if_exists(root.at("/proc/meminfo"));
    for (const auto& line : text::lines(content ? content->value_or("") : "")) {
        constexpr std::string_view kName = "MemTotal:";
        if (!line.starts_with(kName)) { continue; }
        const auto words = text::split(text::trim(std::string_view(line).substr(kName.size())), ' ');
        return static_cast<std::uint64_t>(text::to_number(words.front()).value_or(0)) * kKibibyte;
    }
    return 0;
}

std::uint64_t size_of(const Swap& swap, const files::Root& root) {
    auto bytes = swap.bytes == 0 ? memory_of(root) : swap.bytes;
    if (swap.most != 0) { bytes = std::min(bytes, swap.most); }
    return bytes;
}

Step swap_step(const Swap& swap, Environment& environment) {
    return {.name = "system.swap",
            .description = "setting up the swap file " + swap.file,
            .apply = [swap, &environment]() -> Status {
                const auto path = environment.root.at(swap.file);
                const auto half = path.string() + ".new";
                if (!files::exists(path)) {
                    // Complete before it has its name: a power cut leaves no half swap file.
                    INGOT_TRY(files::write(half, "", {.mode = 0600}), "");
                    INGOT_TRY(run_tool(environment, {"fallocate", "--length",
                                                     std::to_string(size_of(swap, environment.root)), half}),
                              "");
                    INGOT_TRY(run_tool(environment, {"mkswap", half}), "");
                    INGOT_TRY(run_tool(environment, {"mv", "--no-target-directory", half, path.string()}), "");
                }
                INGOT_ASSIGN(const auto active, files::read_if_exists(environment.root.at("/proc/swaps")), "");
                if (active && active->find(swap.file) != std::string::npos) { return {}; }
                return run_tool(environment, {"swapon", path.string()});
            }};
}

} // namespace

DeviceContent device_content(int exit_code, std::string_view output) {
    constexpr int kNothing = 2;
    DeviceContent content{.empty = exit_code == kNothing && text::trim(output).empty()};
    for (const auto& line : text::lines(output)) {
        const auto equals = line.find('=');
        if (equals == std::string::npos) { continue; }
        const auto key = std::string_view(line).substr(0, equals);
        const auto value = line.substr(equals + 1);
        if (key == "TYPE") { content.type = value; }
        if (key == "LABEL") { content.label = value; }
        if (key == "PTTYPE") { content.table = value; }
    }
    return content;
}

std::string render_sfdisk(const DiskLayout& disk, std::uint64_t bytes) {
    constexpr std::uint64_t kMebibyte = 1ULL << 20U;
    constexpr int kWhole = 100;
    std::string script = text::format("label: {}\n", disk.gpt ? "gpt" : "dos");
    if (disk.percents.empty()) { return script + "size=+, type=linux\n"; }
    int left = kWhole;
    for (const int percent : disk.percents) {
        left -= percent;
        // The last one of a full layout takes the rest, whatever the tables at both ends left of it.
        const auto size = bytes / kMebibyte * static_cast<std::uint64_t>(percent) / kWhole;
        script += left == 0 ? std::string("size=+, type=linux\n") : text::format("size={}MiB, type=linux\n", size);
    }
    return script;
}

std::string render_fstab(std::string_view existing, const std::vector<Mount>& mounts) {
    std::string content;
    for (const auto& line : text::lines(existing)) {
        if (line.find(kMark) == std::string::npos) { content += line + "\n"; }
    }
    for (const auto& mount : mounts) {
        content += text::format("{} {} {} {}{} {} {}\n", mount.device, mount.point, mount.type, mount.options, kMark,
                                mount.dump, mount.pass);
    }
    return content;
}

std::vector<Step> disk_steps(const cloud_init::MachineConfig& config, Environment& environment) {
    std::vector<Step> steps;
    for (const auto& disk : config.disks) { steps.push_back(partition_step(disk, environment)); }
    for (const auto& wanted : config.filesystems) { steps.push_back(filesystem_step(wanted, environment)); }
    if (!config.mounts.empty()) { steps.push_back(mounts_step(config.mounts, environment)); }
    if (config.swap) { steps.push_back(swap_step(*config.swap, environment)); }
    return steps;
}

} // namespace ingot::firstboot
