#include "builder/inspect/version.hpp"

#include <algorithm>

namespace ingot::builder::inspect {

namespace {

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }

bool is_letter(char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z'); }

/// "~" sorts before the end, the end before letters, letters before all else.
int weight(std::string_view text) {
    constexpr int kAfterLetters = 256;
    if (text.empty() || is_digit(text.front())) { return 0; }
    if (text.front() == '~') { return -1; }
    return is_letter(text.front()) ? text.front() : text.front() + kAfterLetters;
}

/// A run of non-digits, then a number, and so on.
std::strong_ordering compare_part(std::string_view left, std::string_view right) {
    while (!left.empty() || !right.empty()) {
        while ((!left.empty() && !is_digit(left.front())) || (!right.empty() && !is_digit(right.front()))) {
            if (const auto order = weight(left) <=> weight(right); order != 0) { return order; }
            left.remove_prefix(1);
            right.remove_prefix(1);
        }
        const auto number = [](std::string_view& text) {
            const auto end = std::min(text.find_first_not_of("0123456789"), text.size());
            auto digits = text.substr(0, end);
            text.remove_prefix(end);
            digits.remove_prefix(std::min(digits.find_first_not_of('0'), digits.size()));
            return digits;
        };
        const auto a = number(left);
        const auto b = number(right);
        if (const auto order = a.size() <=> b.size(); order != 0) { return order; }
        if (const auto order = a.compare(b) <=> 0; order != 0) { return order; }
    }
    return std::strong_ordering::equal;
}

struct Parts {
    std::string_view epoch;
    std::string_view upstream;
    std::string_view revision;
};

Parts parts_of(std::string_view version) {
    Parts parts;
    if (const auto colon = version.find(':'); colon != std::string_view::npos) {
        parts.epoch = version.substr(0, colon);
        version.remove_prefix(colon + 1);
    }
    const auto dash = version.rfind('-');
    parts.upstream = version.substr(0, dash);
    if (dash != std::string_view::npos) { parts.revision = version.substr(dash + 1); }
    return parts;
}

} // namespace

std::strong_ordering compare_versions(std::string_view left, std::string_view right) {
    const auto a = parts_of(left);
    const auto b = parts_of(right);
    if (const auto order = compare_part(a.epoch, b.epoch); order != 0) { return order; }
    if (const auto order = compare_part(a.upstream, b.upstream); order != 0) { return order; }
    return compare_part(a.revision, b.revision);
}

} // namespace ingot::builder::inspect
