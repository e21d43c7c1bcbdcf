// What the installer believes of a network and of disks: answers of servers, maps, marks, addresses, rules.
#include <algorithm>

#include "common/diskmap/diskmap.hpp"
#include "installer/disks/rules.hpp"
#include "installer/fetch/head.hpp"
#include "installer/fetch/url.hpp"
#include "installer/line/line.hpp"
#include "installer/marker/marker.hpp"
#include "installer/trust/trust.hpp"
#include "tests/fuzz/fuzz.hpp"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ingot;
    const auto text = fuzz::text_of(data, size);
    static_cast<void>(installer::parse_head(text).has_value());
    static_cast<void>(installer::chunk_size(text).has_value());
    static_cast<void>(installer::parse_line(text).has_value());
    static_cast<void>(installer::parse_rules(text).has_value());
    static_cast<void>(installer::trusted_map({.map_sha256 = std::string(text)}, text, text).has_value());
    if (const auto url = installer::parse_url(text)) {
        static_cast<void>(installer::beside(url->to_string(), "x").has_value());
        static_cast<void>(installer::redirected(*url, text).has_value());
    }
    if (const auto map = diskmap::parse(text)) {
        // What is believed is within the disk, whatever it was read from.
        if (map->boot.root_at + map->boot.root_size > map->size) { __builtin_trap(); }
        if (diskmap::data_bytes(*map) > map->size) { __builtin_trap(); }
    }
    std::string start(1U << 20U, '\0');
    start.replace(installer::kMarkerAt, std::min<std::size_t>(text.size(), installer::kMarkerSize),
                  text.substr(0, installer::kMarkerSize));
    static_cast<void>(installer::find_marker(start).has_value());
    return 0;
}
