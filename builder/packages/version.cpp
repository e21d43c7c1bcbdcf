#include "builder/packages/version.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::builder::packages {

namespace {

bool is_digit(char character) { return character >= '0' && character <= '9'; }
bool is_letter(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}

/// Where a character sorts: "~" before the end of the text (and before digits), letters before the rest.
int rank(std::string_view text) {
    constexpr int kOthers = 256;
    if (text.empty() || is_digit(text.front())) { return 0; }
    const char character = text.front();
    if (character == '~') { return -1; }
    return is_letter(character) ? character : character + kOthers;
}

std::string_view take_digits(std::string_view& text) {
    const auto count = static_cast<std::size_t>(std::ranges::find_if_not(text, is_digit) - text.begin());
    auto digits = text.substr(0, count);
    text.remove_prefix(count);
    digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
    return digits;
}

/// Turn by turn: what is no digit, character by character; then a number.
std::weak_ordering compare_parts(std::string_view left, std::string_view right) {
    while (!left.empty() || !right.empty()) {
        while ((!left.empty() && !is_digit(left.front())) || (!right.empty() && !is_digit(right.front()))) {
            const auto order = rank(left) <=> rank(right);
            if (order != 0) { return order; }
            left.remove_prefix(1); // equal ranks other than 0: both have a character
            right.remove_prefix(1);
        }
        const auto one = take_digits(left);
        const auto other = take_digits(right);
        if (const auto order = one.size() <=> other.size(); order != 0) { return order; }
        if (const auto order = one <=> other; order != 0) { return order; }
    }
    return std::weak_ordering::equivalent;
}

struct Version {
    long long epoch = 0;
    std::string_view upstream;
    std::string_view revision;
};

Version split(std::string_view text) {
    Version version;
    if (const auto colon = text.find(':'); colon != std::string_view::npos) {
        version.epoch = text::to_number(text.substr(0, colon)).value_or(0);
        text.remove_prefix(colon + 1);
    }
    const auto dash = text.rfind('-');
    version.upstream = text.substr(0, dash);
    version.revision = dash == std::string_view::npos ? "" : text.substr(dash + 1);
    return version;
}

} // namespace

std::weak_ordering compare_versions(std::string_view left, std::string_view right) {
    const auto one = split(left);
    const auto other = split(right);
    if (const auto order = one.epoch <=> other.epoch; order != 0) { return order; }
    if (const auto order = compare_parts(one.upstream, other.upstream); order != 0) { return order; }
    return compare_parts(one.revision, other.revision);
}

} // namespace ingot::builder::packages
