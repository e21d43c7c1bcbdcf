// Small text tools that the standard library of g++ 12 lacks, and the one door to {fmt}.
#pragma once

#include <fmt/core.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::text {

/// `format` for arguments that are erased already; compiled once, which is what makes `format` cheap to include.
std::string vformat(fmt::string_view format, fmt::format_args arguments);

/// Fills the places of `format` ({fmt}'s syntax, checked when compiled).
template <class... Arguments>
std::string format(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return text::vformat(format, fmt::make_format_args(arguments...));
}

/// Splits at each `separator`; an empty text gives one empty part.
std::vector<std::string> split(std::string_view text, char separator);
/// The lines of a text, without line ends (LF or CRLF); a final line end makes no extra line.
std::vector<std::string> lines(std::string_view text);
/// Joins with `separator` between the parts.
std::string join(std::span<const std::string> parts, std::string_view separator);
/// Without ASCII white space at both ends.
std::string_view trim(std::string_view text);
/// Replaces every `from` by `to`. An empty `from` changes nothing.
std::string replace_all(std::string text, std::string_view from, std::string_view to);
/// ASCII lower case.
std::string lower(std::string_view text);
/// The whole text as a decimal number that fits; otherwise nothing.
std::optional<long long> to_number(std::string_view text);

/// The candidate with the smallest edit distance to `word`, if it is near enough to be a typing
/// error (at most a third of the word, at least one edit); otherwise nothing.
std::optional<std::string> nearest(std::string_view word, std::span<const std::string> candidates);

/// `text` as one word of a POSIX shell, quoted only where needed. For showing commands to people.
std::string shell_quote(std::string_view text);

/// Bytes as a person reads them: "734 B", "12.3 MB" (powers of ten).
std::string human_bytes(unsigned long long bytes);

} // namespace ingot::text
