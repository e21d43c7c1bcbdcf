#include "common/json/json.hpp"

#include <charconv>
#include <utility>

#include "common/text/text.hpp"

namespace ingot::json {

namespace {

constexpr int kMaximumDepth = 64;

template <typename Number>
std::optional<Number> number_from(const Json& value) {
    // Only what fits: 2^63 is no signed number, -1 no unsigned one.
    const auto fitting = [](auto number) -> std::optional<Number> {
        if (!std::in_range<Number>(number)) { return std::nullopt; }
        return static_cast<Number>(number);
    };
    if (value.is_number_unsigned()) { return fitting(value.get<std::uint64_t>()); }
    if (value.is_number_integer()) { return fitting(value.get<std::int64_t>()); }
    if (!value.is_string()) { return std::nullopt; }
    const auto& digits = value.get_ref<const std::string&>();
    Number number{};
    const auto* const end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc{} || stop != end || digits.empty()) { return std::nullopt; }
    return number;
}

} // namespace

Result<Json> parse(std::string_view text) {
    bool too_deep = false;
    const auto watch = [&too_deep](int depth, Json::parse_event_t /*event*/, Json& /*parsed*/) {
        if (depth > kMaximumDepth) { too_deep = true; }
        return !too_deep;
    };
    try {
        auto value = Json::parse(text, watch);
        if (too_deep) { return fail(ErrorKind::invalid_input, "JSON nests deeper than 64 levels"); }
        return value;
    } catch (const Json::exception& problem) {
        return fail(ErrorKind::invalid_input, std::string("not valid JSON: ") + problem.what());
    }
}

std::string to_text(const Json& value) { return value.dump(2, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string to_line(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

const Json& member(const Json& object, std::string_view key) {
    static const Json kNull;
    if (!object.is_object()) { return kNull; }
    const auto found = object.find(std::string(key));
    return found == object.end() ? kNull : *found;
}

std::optional<std::string> string_at(const Json& object, std::string_view key) {
    const auto& value = member(object, key);
    if (!value.is_string()) { return std::nullopt; }
    return value.get<std::string>();
}

std::optional<std::int64_t> number_at(const Json& object, std::string_view key) {
    return number_from<std::int64_t>(member(object, key));
}

std::optional<std::uint64_t> unsigned_at(const Json& object, std::string_view key) {
    return number_from<std::uint64_t>(member(object, key));
}

bool flag_at(const Json& object, std::string_view key) {
    const auto& value = member(object, key);
    return value.is_boolean() && value.get<bool>();
}

} // namespace ingot::json
