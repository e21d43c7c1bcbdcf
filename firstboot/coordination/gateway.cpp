#include "firstboot/coordination/gateway.hpp"

#include <array>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::gateway {

namespace {

constexpr std::size_t kLongestObject = 4U << 20U; // etcd's own limit of a request is 1.5 MiB

/// gRPC's codes, as far as etcd uses them.
ErrorKind kind_of(std::int64_t code, std::string_view message) {
    constexpr std::int64_t kUnknown = 2;
    constexpr std::int64_t kInvalidArgument = 3;
    constexpr std::int64_t kNotFound = 5;
    constexpr std::int64_t kPermissionDenied = 7;
    constexpr std::int64_t kFailedPrecondition = 9;
    constexpr std::int64_t kUnauthenticated = 16;
    switch (code) {
    case kInvalidArgument: return ErrorKind::bug;
    case kNotFound: return ErrorKind::not_found;
    case kPermissionDenied:
    case kUnauthenticated: return ErrorKind::refused;
    case kFailedPrecondition: return ErrorKind::tool_failed;
    case kUnknown: // "not a primary lessor" and friends: a leader change
    default: break;
    }
    return message.find("permission denied") != std::string_view::npos ? ErrorKind::refused : ErrorKind::transient;
}

/// The code and the message of an error body; both generations of the gateway, and streams.
std::optional<std::pair<std::int64_t, std::string>> error_in(const json::Json& body) {
    const auto& nested = json::member(body, "error");
    const auto& error = nested.is_object() ? nested : body;
    std::optional<std::int64_t> code;
    for (const auto* const name : std::array{"code", "grpc_code"}) {
        if (!code) { code = json::number_at(error, name); }
    }
    auto message = json::string_at(error, "message");
    if (!message) { message = json::string_at(body, "error"); }
    if (!code && !message && !nested.is_object()) { return std::nullopt; }
    return std::pair{code.value_or(2), message.value_or("no reason given")};
}

} // namespace

std::string prefix_end(std::string_view prefix) {
    std::string end(prefix);
    while (!end.empty()) {
        const auto last = static_cast<unsigned char>(end.back());
        if (last < 0xff) {
            end.back() = static_cast<char>(last + 1);
            return end;
        }
        end.pop_back();
    }
    return std::string(1, '\0'); // etcd's word for "to the end of all keys"
}

json::Json prefix_range(std::string_view prefix) {
    const std::string start = prefix.empty() ? std::string(1, '\0') : std::string(prefix);
    return {{"key", crypto::base64_encode(start)}, {"range_end", crypto::base64_encode(prefix_end(prefix))}};
}

std::vector<std::string> texts_at(const json::Json& object, std::string_view key) {
    std::vector<std::string> texts;
    const auto& list = json::member(object, key);
    if (!list.is_array()) { return texts; }
    for (const auto& item : list) {
        if (item.is_string()) { texts.push_back(item.get<std::string>()); }
    }
    return texts;
}

Result<json::Json> interpret(const http::Response& response, std::string_view where) {
    constexpr int kOk = 200;
    constexpr std::size_t kQuoted = 200;
    auto body = json::parse(response.body);
    if (response.status == kOk) {
        if (!body) { return fail(ErrorKind::transient, text::format("{}: {}", where, body.error().message)); }
        return body;
    }
    const auto error = body ? error_in(*body) : std::nullopt;
    if (!error) {
        return fail(ErrorKind::transient, text::format("{}: HTTP {}: {}", where, response.status,
                                                       text::trim(response.body.substr(0, kQuoted))));
    }
    return fail(kind_of(error->first, error->second), text::format("{}: {}", where, error->second));
}

bool ObjectSplitter::feed(std::string_view bytes, const std::function<bool(std::string_view)>& take) {
    for (const char byte : bytes) {
        if (depth_ == 0 && byte != '{') { continue; } // white space and line ends between objects
        object_ += byte;
        if (object_.size() > kLongestObject) { return false; }
        if (in_string_) {
            if (escaped_) {
                escaped_ = false;
            } else if (byte == '\\') {
                escaped_ = true;
            } else if (byte == '"') {
                in_string_ = false;
            }
            continue;
        }
        if (byte == '"') { in_string_ = true; }
        if (byte == '{') { ++depth_; }
        if (byte == '}' && --depth_ == 0) {
            const std::string object = std::exchange(object_, {});
            if (!take(object)) { return false; }
        }
    }
    return true;
}

WatchNews read_watch(std::string_view object) {
    const auto parsed = json::parse(object);
    if (!parsed) { return WatchNews::lost; }
    const auto& result = json::member(*parsed, "result");
    if (!result.is_object()) { return WatchNews::lost; }
    const auto& events = json::member(result, "events");
    if (events.is_array() && !events.empty()) { return WatchNews::change; }
    if (json::flag_at(result, "canceled")) {
        return json::number_at(result, "compact_revision").value_or(0) > 0 ? WatchNews::change : WatchNews::lost;
    }
    return WatchNews::nothing;
}

} // namespace ingot::firstboot::gateway
