// "transport=nvme,size>=400G,model=SAMSUNG*": which disk is meant. All rules have to hold, and they have to leave one
// disk: never the first of several, because the order of disks is anybody's guess and the other one may hold data.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"
#include "installer/disks/disk.hpp"

namespace ingot::installer {

enum class Comparison { equal, at_least, at_most };

struct Rule {
    std::string key{};
    Comparison comparison = Comparison::equal;
    std::string value{};    ///< as written; a pattern of the shell for texts
    std::uint64_t size = 0; ///< of `size`
    bool operator==(const Rule&) const = default;
};

/// Empty text: no rules. invalid_input names what cannot be read, and what there is.
Result<std::vector<Rule>> parse_rules(std::string_view text);

/// "500G" (powers of ten), "500Gi" (of two), or bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);

/// What of the disk is against the rule ("serial is S2"); nothing if it fits.
std::optional<std::string> against(const Rule& rule, const Disk& disk);

/// True if `id` is a lasting name of the disk (by-id, serial, wwn), or its path.
bool is_named(const Disk& disk, std::string_view id);

} // namespace ingot::installer
