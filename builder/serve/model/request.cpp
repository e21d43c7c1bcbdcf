#include "builder/serve/model/request.hpp"

#include <algorithm>
#include <vector>

#include "builder/serve/model/config.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace {

constexpr std::size_t kLongestPath = 512;

bool is_file_name(std::string_view text) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    return !text.empty() && text.front() != '.' && text.find_first_not_of(kLetters) == std::string_view::npos;
}

std::optional<std::uint64_t> decimal(std::string_view text) {
    if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) { return std::nullopt; }
    const auto number = text::to_number(text);
    return number ? std::optional(static_cast<std::uint64_t>(*number)) : std::nullopt;
}

} // namespace

Asked route_of(std::string_view path) {
    if (path.size() > kLongestPath || !path.starts_with('/')) { return {}; }
    const auto parts = text::split(path.substr(1), '/');
    if (parts.size() == 1) {
        if (parts[0] == "boot.ipxe") { return {.route = Route::first_script}; }
        if (parts[0] == "ipxe") { return {.route = Route::order}; }
        if (parts[0] == "status") { return {.route = Route::status}; }
        return {};
    }
    if (parts.size() == 2) {
        if (parts[0] == "report" && is_file_name(parts[1])) { return {.route = Route::report, .first = parts[1]}; }
        if (parts[0] == "loader" && is_file_name(parts[1])) { return {.route = Route::loader, .second = parts[1]}; }
        return {};
    }
    if (parts.size() != 3 || !is_file_name(parts[2])) { return {}; }
    if (parts[0] == "seed" && is_file_name(parts[1])) {
        return {.route = Route::seed, .first = parts[1], .second = parts[2]};
    }
    if (parts[0] == "images" && is_plain_name(parts[1])) {
        return {.route = Route::image, .first = parts[1], .second = parts[2]};
    }
    return {};
}

RangeAnswer range_of(std::string_view header, std::uint64_t size) {
    const RangeAnswer whole{.kind = RangeKind::whole, .part = {.offset = 0, .length = size}};
    constexpr std::string_view kBytes = "bytes=";
    header = text::trim(header);
    if (!header.starts_with(kBytes)) { return whole; }
    header.remove_prefix(kBytes.size());
    const auto hyphen = header.find('-');
    if (hyphen == std::string_view::npos || header.find(',') != std::string_view::npos) { return whole; }
    const auto first = decimal(header.substr(0, hyphen));
    const auto last = decimal(header.substr(hyphen + 1));
    if (hyphen == 0) { // the last so many bytes
        if (!last) { return whole; }
        if (*last == 0 || size == 0) { return {.kind = RangeKind::unsatisfiable}; }
        const auto length = std::min(*last, size);
        return {.kind = RangeKind::part, .part = {.offset = size - length, .length = length}};
    }
    if (!first || (!last && hyphen + 1 != header.size()) || (last && *last < *first)) { return whole; }
    if (*first >= size) { return {.kind = RangeKind::unsatisfiable}; }
    const auto end = last ? std::min(*last, size - 1) : size - 1;
    return {.kind = RangeKind::part, .part = {.offset = *first, .length = end - *first + 1}};
}

bool is_host(std::string_view text) {
    constexpr std::size_t kLongest = 255;
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]";
    return !text.empty() && text.size() <= kLongest && text.find_first_not_of(kLetters) == std::string_view::npos;
}

std::string printable(std::string_view text) {
    constexpr std::size_t kLongest = 200;
    std::string plain(text.substr(0, kLongest));
    std::ranges::replace_if(plain, [](char letter) { return letter < ' ' || letter > '~'; }, '?');
    return text.size() > kLongest ? plain + "..." : plain;
}

} // namespace ingot::builder::serve
