// The two decisions that can cost somebody their data: which disk, and whether it may be written. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result/result.hpp"
#include "installer/disks/disk.hpp"
#include "installer/disks/rules.hpp"
#include "installer/marker/marker.hpp"

namespace ingot::installer {

/// The one disk that the rules mean and that can take an image of `needed` bytes and `sector_size`. refused if there
/// is none or more than one; the message lists every disk, and what is against it.
Result<Disk> choose(const std::vector<Rule>& rules, const std::vector<Disk>& disks, std::uint64_t needed,
                    std::uint32_t sector_size);

/// What was found on a disk.
struct Contents {
    std::optional<std::string> unreadable{}; ///< why it could not be looked at
    std::optional<std::string> signature{};  ///< "ext4", "a gpt partition table": what blkid knows
    bool first_sector_empty = true;
    bool start_empty = true; ///< the first MiB, apart from our own mark
    bool end_empty = true;   ///< the last MiB: backup tables, RAID and ZFS labels
    std::optional<Marker> marker{};
};

/// What is to be done with the chosen disk.
enum class Action {
    install,
    boot, ///< it is installed already: never again by itself
};

struct Verdict {
    Action action = Action::install;
    std::string reason; ///< for the person at the console
};

/// What this run is about.
struct Intent {
    std::string machine; ///< who we are
    std::string map_sha256;
    std::string again{}; ///< a word; another one than in the marker asks for another installation
    std::string wipe{};  ///< the name of the disk whose data may go
};

/// refused if the disk holds anything that nobody allowed to be lost.
Result<Verdict> judge(const Disk& disk, const Contents& contents, const Intent& intent);

} // namespace ingot::installer
