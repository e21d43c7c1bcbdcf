#include "installer/cli/install.hpp"

#include <cstdio>

#include <sys/stat.h>

#include "common/clock/clock.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "installer/cli/machine.hpp"
#include "installer/cli/report.hpp"
#include "installer/disks/contents.hpp"
#include "installer/disks/decide.hpp"
#include "installer/seed/root.hpp"
#include "installer/seed/seed.hpp"
#include "installer/seed/start.hpp"
#include "installer/trust/trust.hpp"
#include "installer/write/plan.hpp"

namespace ingot::installer {

namespace {

json::Json to_json(const Disk& disk) {
    return {{"path", disk.path},
            {"size", disk.size},
            {"sector_size", disk.sector_size},
            {"id", disk.by_id},
            {"serial", disk.serial},
            {"wwn", disk.wwn},
            {"model", disk.model},
            {"transport", disk.transport},
            {"rotational", disk.rotational},
            {"removable", disk.removable},
            {"read_only", disk.read_only},
            {"used_by", disk.used_by}};
}

Result<int> list() {
    INGOT_ASSIGN(const auto disks, list_disks(files::Root()), "");
    auto shown = json::Json::array();
    for (const auto& disk : disks) {
        if (!disk.virtual_device) { shown.push_back(to_json(disk)); }
    }
    std::fputs(json::to_text(shown).c_str(), stdout);
    return 0;
}

/// A file in the place of a disk: one that is not there yet is an empty one.
Disk disk_of_file(const std::string& path, std::uint64_t needed) {
    struct stat status{};
    const bool there = ::stat(path.c_str(), &status) == 0 && status.st_size > 0;
    return {.name = path,
            .path = path,
            .size = there ? static_cast<std::uint64_t>(status.st_size) : needed,
            .sector_size = diskmap::kSector};
}

Result<Disk> find_disk(const Options& options, const diskmap::DiskMap& map) {
    if (!options.file.empty()) { return disk_of_file(options.file, map.size); }
    INGOT_ASSIGN(const auto rules, parse_rules(options.wanted.disk), "");
    INGOT_ASSIGN(const auto disks, list_disks(files::Root()), "");
    return choose(rules, disks, map.size, diskmap::kSector);
}

Contents look(const Disk& disk) {
    if (!files::exists(disk.path)) { return {}; } // a file that will be made
    struct stat status{};
    if (::stat(disk.path.c_str(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 0) { return {}; }
    return look_at(disk.path, disk.size);
}

void show_plan(const Disk& disk, const Verdict& verdict, const Image& image, const Seed& seed) {
    auto names = json::Json::array();
    for (const auto& file : seed) { names.push_back(file.name); }
    std::uint64_t zeros = 0;
    for (const auto& range : plan_zeros(image.map, 0)) { zeros += range.length; }
    const json::Json plan = {{"disk", to_json(disk)},
                             {"action", verdict.action == Action::boot ? "boot" : "install"},
                             {"reason", verdict.reason},
                             {"image", image.disk.to_string()},
                             {"map_sha256", image.map_sha256},
                             {"bytes_to_fetch", diskmap::data_compressed(image.map)},
                             {"bytes_to_write", diskmap::data_bytes(image.map)},
                             {"bytes_to_zero", zeros},
                             {"seed", std::move(names)}};
    std::fputs(json::to_text(plan).c_str(), stdout);
}

Status write(const Options& options, const Disk& disk, const Image& image, const Seed& seed, const Marker& marker,
             Reporter& reporter) {
    const auto mark = render_marker(marker);
    if (!mark) { return fail(ErrorKind::invalid_input, "the image's kernel command line is too long"); }
    INGOT_ASSIGN(const auto target, Target::open(disk.path, image.map.size), "");
    const auto leave_seed = [&]() -> Status {
        if (seed.empty()) { return {}; }
        const auto& boot = image.map.boot;
        INGOT_ASSIGN(auto root, MountedRoot::mount(disk.path, boot.root_at, boot.root_size, Access::read_write), "");
        INGOT_TRY(write_seed(root.path(), seed), "");
        return root.end();
    };
    Progress progress;
    const Display display(progress, diskmap::data_bytes(image.map), diskmap::data_compressed(image.map), reporter);
    return write_image(image.map, image.disk, target, *mark, options.write, progress, leave_seed);
}

Result<int> run(const Options& options, const std::string& machine, Reporter& reporter) {
    const auto& wanted = options.wanted;
    Client client;
    Reporter::say("image " + wanted.image);
    INGOT_ASSIGN(const auto image,
                 fetch_image(client, wanted.image, {.public_key = options.key, .map_sha256 = wanted.map_sha256}), "");
    Seed seed;
    if (!wanted.seed.empty()) { INGOT_ASSIGN(seed, fetch_seed(client, wanted.seed), ""); }
    INGOT_ASSIGN(const auto disk, find_disk(options, image.map), "");
    const auto contents = look(disk);
    const Intent intent{
        .machine = machine, .map_sha256 = image.map_sha256, .again = wanted.again, .wipe = wanted.wipe};
    INGOT_ASSIGN(const auto verdict, judge(disk, contents, intent), "");
    if (options.dry_run) {
        show_plan(disk, verdict, image, seed);
        return 0;
    }
    Reporter::say(text::format("disk {}: {}", describe(disk), verdict.reason));
    if (verdict.action == Action::boot) {
        reporter.post({.state = "present", .detail = disk.path + ": " + verdict.reason});
        if (!options.from_kernel) { return kInstalledAlready; }
        Reporter::say("starting what is installed");
        INGOT_TRY(start_installed(disk.path, contents.marker->boot), "");
        return kInstalledAlready;
    }
    const auto started = std::chrono::steady_clock::now();
    INGOT_TRY(write(options, disk, image, seed,
                    {.machine = machine,
                     .map_sha256 = image.map_sha256,
                     .again = wanted.again,
                     .installed_at = clock::to_rfc3339(clock::SystemClock().now()),
                     .boot = image.map.boot},
                    reporter),
              "writing " + disk.path);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
    constexpr double kMega = 1e6;
    const auto total = diskmap::data_bytes(image.map);
    const auto said =
        text::format("{} is installed: {} in {:.1f} s ({:.0f} MB/s), all verified", disk.path,
                     text::human_bytes(total), took.count(), static_cast<double>(total) / kMega / took.count());
    Reporter::say(said);
    reporter.post({.state = "installed", .detail = said, .done = total, .total = total});
    return 0;
}

} // namespace

Result<int> install(const Options& options) {
    if (options.list) { return list(); }
    const auto machine = name_machine(files::Root());
    Reporter reporter(machine, options.wanted.report);
    auto done = run(options, machine, reporter);
    if (!done) { reporter.post({.state = "failed", .detail = done.error().to_string()}); }
    return done;
}

} // namespace ingot::installer
