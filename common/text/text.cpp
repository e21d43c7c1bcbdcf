#include "common/text/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <numeric>

#include <fmt/format.h>

namespace ingot::text {

namespace {

bool is_space(char character) {
    return character == ' ' || character == '\t' || character == '\n' || character == '\r' || character == '\f' ||
           character == '\v';
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t substitution = diagonal + (left[i - 1] == right[j - 1] ? 0U : 1U);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitution});
        }
    }
    return row[right.size()];
}

} // namespace

std::string vformat(fmt::string_view format, fmt::format_args arguments) { return fmt::vformat(format, arguments); }

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    std::size_t start = 0;
    while (true) {
        const auto end = text.find(separator, start);
        parts.emplace_back(text.substr(start, end == std::string_view::npos ? end : end - start));
        if (end == std::string_view::npos) { return parts; }
        start = end + 1;
    }
}

std::vector<std::string> lines(std::string_view text) {
    if (text.empty()) { return {}; }
    if (text.ends_with('\n')) { text.remove_suffix(1); }
    auto parts = split(text, '\n');
    for (auto& part : parts) {
        if (part.ends_with('\r')) { part.pop_back(); }
    }
    return parts;
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
    std::string joined;
    for (const auto& part : parts) {
        if (&part != parts.data()) { joined += separator; }
        joined += part;
    }
    return joined;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) { text.remove_prefix(1); }
    while (!text.empty() && is_space(text.back())) { text.remove_suffix(1); }
    return text;
}

std::string replace_all(std::string text, std::string_view from, std::string_view to) {
    if (from.empty()) { return text; }
    std::size_t at = 0;
    while ((at = text.find(from, at)) != std::string::npos) {
        text.replace(at, from.size(), to);
        at += to.size();
    }
    return text;
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (auto& character : result) {
        if (character >= 'A' && character <= 'Z') { character = static_cast<char>(character - 'A' + 'a'); }
    }
    return result;
}

std::optional<long long> to_number(std::string_view text) {
    long long number = 0;
    const auto* const end = text.data() + text.size();
    // NOLINTNEXTLINE(bugprone-suspicious-stringview-data-usage): from_chars takes both ends
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    if (error != std::errc{} || stop != end || text.empty()) { return std::nullopt; }
    return number;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates) {
    std::optional<std::string> best;
    std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto& candidate : candidates) {
        // As many letters are missing at least. This also keeps a word of a mebibyte from taking seconds.
        if (std::max(word.size(), candidate.size()) - std::min(word.size(), candidate.size()) >= best_distance) {
            continue;
        }
        const auto distance = edit_distance(lower(word), lower(candidate));
        if (distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

std::string shell_quote(std::string_view text) {
    const auto plain = [](char character) {
        return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
               (character >= '0' && character <= '9') ||
               std::string_view("_-+=:,./@%^").find(character) != std::string_view::npos;
    };
    if (!text.empty() && std::ranges::all_of(text, plain)) { return std::string(text); }
    return "'" + replace_all(std::string(text), "'", R"('\'')") + "'";
}

std::string human_bytes(unsigned long long bytes) {
    constexpr std::array<std::string_view, 5> kUnits = {"B", "kB", "MB", "GB", "TB"};
    if (bytes < 1000) { return format("{} B", bytes); }
    auto value = static_cast<double>(bytes);
    std::size_t unit = 0;
    while (value >= 999.95 && unit + 1 < kUnits.size()) {
        value /= 1000;
        ++unit;
    }
    return format("{:.1f} {}", value, kUnits[unit]);
}

} // namespace ingot::text
