// The words of the kernel's command line that are meant for the installer. Pure.
//
//   ingot.install=http://server/db/   where manifest.json, disk.map.json and disk.raw.zst are (what comes after the
//   last
//                                     slash does not count)
//   ingot.map=SHA256                  of disk.map.json, from a script that is trusted; else a key has to be in the
//   initrd ingot.disk=RULES  ingot.wipe=ID  ingot.again=WORD  ingot.report=URL ds=nocloud;s=URL                  the
//   seed that the installed system is to find
#pragma once

#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::installer {

struct Wanted {
    std::string image{};
    std::string map_sha256{};
    std::string disk{};
    std::string wipe{};
    std::string again{};
    std::string report{};
    std::string seed{};
};

/// invalid_input if there is a word of ours that makes no sense; unknown words beginning with "ingot." are such.
Result<Wanted> parse_line(std::string_view line);

/// True if `text` is 64 hexadecimal digits, lower case.
bool is_sha256(std::string_view text);

} // namespace ingot::installer
