#include "installer/fetch/head.hpp"

#include <charconv>

#include "common/text/text.hpp"

namespace ingot::installer {

namespace {

Error wrong(const std::string& why) { return fail(ErrorKind::tool_failed, "this is no answer of HTTP: " + why); }

std::optional<std::uint64_t> decimal(std::string_view text) {
    const auto number = text::to_number(text);
    return number && *number >= 0 ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

/// "bytes 5-9/100"
std::optional<std::uint64_t> first_of_range(std::string_view value) {
    constexpr std::string_view kBytes = "bytes ";
    if (!value.starts_with(kBytes)) { return std::nullopt; }
    value.remove_prefix(kBytes.size());
    return decimal(value.substr(0, value.find('-')));
}

Status take_header(Head& head, std::string_view name, std::string_view value) {
    if (name == "content-length") {
        const auto length = decimal(value);
        if (!length || (head.length && head.length != length)) { return wrong("its length is none"); }
        head.length = length;
    } else if (name == "transfer-encoding") {
        if (text::lower(value) != "chunked") { return wrong("it is transferred in an unknown way"); }
        head.chunked = true;
    } else if (name == "connection") {
        head.closes = text::lower(value) == "close";
    } else if (name == "location") {
        head.location = std::string(value);
    } else if (name == "content-range") {
        head.range_first = first_of_range(value);
    }
    return {};
}

} // namespace

Result<Head> parse_head(std::string_view text) {
    const auto lines = text::lines(text);
    if (lines.empty() || !lines.front().starts_with("HTTP/1.")) { return wrong("it does not begin with HTTP/1"); }
    const auto words = text::split(lines.front(), ' ');
    const auto status = words.size() > 1 ? text::to_number(words[1]) : std::nullopt;
    if (!status || *status < 100 || *status > 599) { return wrong("it has no status"); }
    Head head{.status = static_cast<int>(*status), .closes = words.front() == "HTTP/1.0"};
    for (std::size_t index = 1; index < lines.size(); ++index) {
        const std::string_view line = lines[index];
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) { continue; }
        INGOT_TRY(take_header(head, text::lower(line.substr(0, colon)), text::trim(line.substr(colon + 1))), "");
    }
    return head;
}

std::optional<std::uint64_t> chunk_size(std::string_view line) {
    constexpr int kHexadecimal = 16;
    constexpr std::size_t kLongest = 15; // more digits than any file has bytes
    line = text::trim(line.substr(0, line.find(';')));
    if (line.empty() || line.size() > kLongest) { return std::nullopt; }
    std::uint64_t size = 0;
    const auto [end, problem] = std::from_chars(line.data(), line.data() + line.size(), size, kHexadecimal);
    return problem == std::errc() && end == line.data() + line.size() ? std::optional(size) : std::nullopt;
}

} // namespace ingot::installer
