#include "firstboot/db/timeline.hpp"

#include <charconv>
#include <memory>

#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::db {

namespace {

constexpr std::size_t kHexDigits = 8;
constexpr std::uint64_t kSegmentBytes = 16ULL << 20U;
constexpr std::uint64_t kSegmentsPerLog = (1ULL << 32U) / kSegmentBytes;
constexpr std::string_view kHistory = ".history";

std::optional<std::uint64_t> from_hex(std::string_view text) {
    std::uint64_t value = 0;
    const auto* const end = std::to_address(text.end());
    const auto result = std::from_chars(std::to_address(text.begin()), end, value, 16);
    if (text.empty() || text.size() > kHexDigits || result.ec != std::errc() || result.ptr != end) {
        return std::nullopt;
    }
    return value;
}

/// "0/B0029B0" → the number of the segment that holds it.
std::optional<std::uint64_t> segment_of_position(std::string_view position) {
    const auto slash = position.find('/');
    if (slash == std::string_view::npos) { return std::nullopt; }
    const auto high = from_hex(position.substr(0, slash));
    const auto low = from_hex(position.substr(slash + 1));
    if (!high || !low) { return std::nullopt; }
    return ((*high << 32U) | *low) / kSegmentBytes;
}

} // namespace

std::optional<Segment> segment_from_name(std::string_view name) {
    if (name.size() != 3 * kHexDigits) { return std::nullopt; }
    const auto timeline = from_hex(name.substr(0, kHexDigits));
    const auto log = from_hex(name.substr(kHexDigits, kHexDigits));
    const auto segment = from_hex(name.substr(2 * kHexDigits));
    if (!timeline || !log || !segment) { return std::nullopt; }
    return Segment{.timeline = static_cast<std::uint32_t>(*timeline), .number = *log * kSegmentsPerLog + *segment};
}

bool is_before_fork(const Segment& segment, std::uint32_t newest, std::string_view history) {
    if (segment.timeline >= newest) { return true; }
    for (const auto& line : text::lines(history)) { // "<parent timeline> TAB <position> TAB <reason>"
        const auto words = text::split(line, '\t');
        if (words.size() < 2) { continue; }
        const auto parent = text::to_number(text::trim(words[0]));
        const auto fork = segment_of_position(text::trim(words[1]));
        if (parent == static_cast<long long>(segment.timeline) && fork) { return segment.number < *fork; }
    }
    return true; // not an ancestor of the newest one: PostgreSQL does not ask for those
}

Result<bool> leads_to_newest(const std::filesystem::path& wal_folder, std::string_view file) {
    const auto segment = segment_from_name(file);
    if (!segment) { return true; }
    INGOT_ASSIGN(const auto names, files::list(wal_folder), "looking for timeline histories");
    std::uint64_t newest = 0;
    std::string newest_name;
    for (const auto& name : names) {
        if (name.size() != kHexDigits + kHistory.size() || !name.ends_with(kHistory)) { continue; }
        const auto timeline = from_hex(std::string_view(name).substr(0, kHexDigits));
        if (timeline && *timeline > newest) {
            newest = *timeline;
            newest_name = name;
        }
    }
    if (newest == 0) { return true; }
    INGOT_ASSIGN(const auto history, files::read(wal_folder / newest_name), "reading a timeline history");
    return is_before_fork(*segment, static_cast<std::uint32_t>(newest), history);
}

} // namespace ingot::firstboot::db
