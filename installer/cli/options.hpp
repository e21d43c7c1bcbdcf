// What a run of the installer is told.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"
#include "installer/line/line.hpp"
#include "installer/write/write.hpp"

namespace ingot::installer {

struct Options {
    Wanted wanted{};
    std::string key{};  ///< PEM of the key that has to have signed the image
    std::string file{}; ///< write to this file instead of a disk
    bool dry_run = false;
    bool list = false;        ///< only show the disks
    bool from_kernel = false; ///< in the initrd: what is installed already is started
    WriteOptions write{};
};

/// The options that the command line has; argv[0] is skipped. Prints help itself. `exit` is set if there is nothing
/// to do.
Result<Options> parse_arguments(int argc, char** argv, std::optional<int>& exit);

} // namespace ingot::installer
