// What is asked for. Everything here comes from anybody who can reach the port: pure, bounded, fuzzed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::builder::serve {

enum class Route { none, first_script, order, seed, report, image, loader, status };

struct Asked {
    Route route = Route::none;
    std::string first{};  ///< the token, or the role
    std::string second{}; ///< the name of a file
};

/// By path alone: "/images/db/vmlinuz". Anything unusual is none: no dots at the start, no slashes too many.
Asked route_of(std::string_view path);

/// A part of a file.
struct Part {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool operator==(const Part&) const = default;
};
enum class RangeKind { whole, part, unsatisfiable };
struct RangeAnswer {
    RangeKind kind = RangeKind::whole;
    Part part{};
    bool operator==(const RangeAnswer&) const = default;
};
/// The header Range for a file of `size` bytes. What is no single range of bytes counts as not asked for (RFC 9110).
RangeAnswer range_of(std::string_view header, std::uint64_t size);

/// True for "10.0.0.1:8080", "server", "[fd00::1]": what a machine calls us, and may be told again.
bool is_host(std::string_view text);

/// Text for a log line: printable, and not endless.
std::string printable(std::string_view text);

} // namespace ingot::builder::serve
