// The rules, in this order; a row of the test for each.
//
//  Which disk
//   1. Never a disk that is read-only, of no size, in use (mounted, swap, part of an array or a volume group).
//   2. Never a removable or virtual device (loop, zram, md, …), unless path= names it.
//   3. Never one that is too small, or whose sectors are not the image's: it would not boot.
//   4. All rules hold.
//   5. Exactly one disk is left. None, or several: nothing is written, and every disk is listed with what is against
//   it.
//
//  May it be written
//   6. What cannot be read is not known to be empty: refused, whoever allows what.
//   7. Our mark for this machine, first sector there: it is installed, and perhaps has been running for a year. Boot
//   it.
//      That holds against wipe=, too, when image and `again` are the same: on a machine that boots from the network
//      first, wipe= stands on its command line for ever.
//   8. Our mark for this machine, first sector empty, nothing that blkid knows: an installation that did not end.
//      Nobody can have booted it, so it may begin anew.
//   9. Empty: no signature that blkid knows, first and last MiB zeros.
//  10. wipe= names just this disk: what is on it may go.
//  11. Anything else is somebody's data: refused.
#include "installer/disks/decide.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

bool named_by_path(const std::vector<Rule>& rules, const Disk& disk) {
    return std::ranges::any_of(rules,
                               [&](const Rule& rule) { return rule.key == "path" && rule.value == disk.path; });
}

std::optional<std::string> unfit(const std::vector<Rule>& rules, const Disk& disk, std::uint64_t needed,
                                 std::uint32_t sector_size) {
    if (disk.read_only) { return "it is read-only"; }
    if (disk.size == 0) { return "it has no medium"; }
    if (!disk.used_by.empty()) { return "it is in use: " + text::join(disk.used_by, ", "); }
    if (!named_by_path(rules, disk)) {
        if (disk.virtual_device) { return "it is no disk of its own"; }
        if (disk.removable) { return "it is removable"; }
    }
    if (disk.size < needed) {
        return text::format("it is too small: {}, the image needs {}", text::human_bytes(disk.size),
                            text::human_bytes(needed));
    }
    if (disk.sector_size != sector_size) {
        return text::format("its sectors have {} bytes, the image's {}", disk.sector_size, sector_size);
    }
    for (const auto& rule : rules) {
        if (auto reason = against(rule, disk)) { return reason; }
    }
    return std::nullopt;
}

std::string found_on(const Contents& contents) {
    if (contents.signature) { return *contents.signature; }
    if (!contents.start_empty) { return "something in its first MiB"; }
    return "something in its last MiB";
}

std::string lasting_name(const Disk& disk) {
    if (!disk.serial.empty()) { return disk.serial; }
    if (!disk.wwn.empty()) { return disk.wwn; }
    return disk.by_id.empty() ? disk.path : disk.by_id.front();
}

} // namespace

Result<Disk> choose(const std::vector<Rule>& rules, const std::vector<Disk>& disks, std::uint64_t needed,
                    std::uint32_t sector_size) {
    std::vector<const Disk*> fitting;
    std::string list;
    for (const auto& disk : disks) {
        const auto reason = unfit(rules, disk, needed, sector_size);
        if (!reason) { fitting.push_back(&disk); }
        if (disk.virtual_device && !named_by_path(rules, disk)) { continue; } // dozens of loop devices help nobody
        list += text::format("\n  {}: {}", describe(disk), reason.value_or("fits"));
    }
    if (fitting.size() == 1) { return *fitting.front(); }
    if (fitting.empty()) {
        return fail(ErrorKind::refused,
                    "no disk fits, so none is written:" + (list.empty() ? " there is none" : list));
    }
    return fail(ErrorKind::refused, text::format("{} disks fit, so none is written; add rules until one is left:{}",
                                                 fitting.size(), list));
}

Result<Verdict> judge(const Disk& disk, const Contents& contents, const Intent& intent) {
    if (contents.unreadable) {
        return fail(ErrorKind::refused, text::format("{} cannot be read, so it is not known to be empty: {}",
                                                     describe(disk), *contents.unreadable));
    }
    const bool wiped = is_named(disk, intent.wipe);
    const auto& marker = contents.marker;
    if (marker && marker->machine == intent.machine) {
        if (contents.first_sector_empty && !contents.signature) {
            return Verdict{.action = Action::install,
                           .reason = "an installation of this machine did not end there; it begins anew"};
        }
    }
    if (marker && marker->machine == intent.machine && !contents.first_sector_empty) {
        const bool same = marker->map_sha256 == intent.map_sha256 && marker->again == intent.again;
        if (same || !wiped) {
            return Verdict{.action = Action::boot,
                           .reason = same ? "this image is installed there already"
                                          : "this machine is installed there already, from another image"};
        }
    }
    const bool empty = !contents.signature && contents.start_empty && contents.end_empty && !marker;
    if (empty) { return Verdict{.action = Action::install, .reason = "it is empty"}; }
    if (wiped) {
        return Verdict{.action = Action::install,
                       .reason = text::format("wipe={} names it; what is lost: {}", intent.wipe,
                                              marker ? "an installation" : found_on(contents))};
    }
    auto said =
        text::format("{} is not empty: it holds {}", describe(disk),
                     marker ? "an installation of another machine (" + marker->machine + ")" : found_on(contents));
    if (!intent.wipe.empty()) { said += text::format(", and wipe={} names another disk", intent.wipe); }
    return fail(ErrorKind::refused, text::format("{}. If that may be lost: ingot.wipe={} (or --wipe {})", said,
                                                 lasting_name(disk), lasting_name(disk)));
}

} // namespace ingot::installer
