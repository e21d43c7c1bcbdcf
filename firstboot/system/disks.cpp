#include "firstboot/system/disks.hpp"

#include <algorithm>

#include "common/log/log.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

using cloud_init::DiskLayout;
using cloud_init::FileSystem;
using cloud_init::Mount;
using cloud_init::Swap;

namespace {

constexpr std::string_view kMark = ",x-ingot"; ///< in the options of our lines of fstab

Status run(Environment& environment, std::vector<std::string> argv, std::string input = {}) {
    INGOT_TRY(process::run_checked(
                  environment.processes,
                  {.argv = std::move(argv), .input = std::move(input), .timeout = std::chrono::minutes(10)}),
              "");
    return {};
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
    return device_content(output.exit_code, output.out);
}

std::string describe(const DeviceContent& content) {
    if (!content.type.empty()) { return content.type; }
    return content.table.empty() ? "something" : "partitions (" + content.table + ")";
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
                return run(environment,
                           {"sfdisk", "--wipe", "never", "--wipe-partitions", "never",
                            environment.root.at(disk.device).string()},
                           render_sfdisk(disk));
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
                    return run(environment, mkfs_command(wanted, environment.root.at(wanted.device).string()));
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
    if (mount.point == "none") { return run(environment, {"swapon", "--all"}); }
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
    return run(environment, {"mount", "--", mount.point});
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
                    INGOT_TRY(run(environment,
                                  {"fallocate", "--length", std::to_string(size_of(swap, environment.root)), half}),
                              "");
                    INGOT_TRY(run(environment, {"mkswap", half}), "");
                    INGOT_TRY(run(environment, {"mv", "--no-target-directory", half, path.string()}), "");
                }
                INGOT_ASSIGN(const auto active, files::read_if_exists(environment.root.at("/proc/swaps")), "");
                if (active && active->find(swap.file) != std::string::npos) { return {}; }
                return run(environment, {"swapon", path.string()});
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

std::string render_sfdisk(const DiskLayout& disk) {
    std::string script = text::format("label: {}\n", disk.gpt ? "gpt" : "dos");
    if (disk.percents.empty()) { return script + "type=linux\n"; }
    int left = 100;
    for (const int percent : disk.percents) {
        // "+N%FREE" counts what is still free; the last one of a full layout takes the rest, whatever rounding left.
        if (percent >= left) {
            script += "size=+, type=linux\n";
        } else {
            script += text::format("size=+{}%FREE, type=linux\n", (percent * 100 + left / 2) / left);
        }
        left -= percent;
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
