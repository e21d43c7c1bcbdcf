#include "builder/publish/hetzner/answer.hpp"

#include <algorithm>
#include <map>

#include "common/text/text.hpp"

namespace ingot::builder::publish::hetzner {

namespace {

using std::chrono::milliseconds;

constexpr int kRateLimited = 429;
constexpr int kServerErrors = 500;
constexpr int kNotFound = 404;
constexpr auto kLongestWait = std::chrono::minutes(2);

std::optional<Verdict> verdict_of_code(std::string_view code) {
    static const std::map<std::string_view, Verdict> kKnown = {
        {"locked", Verdict::again},
        {"conflict", Verdict::again},
        {"rate_limit_exceeded", Verdict::again},
        {"maintenance", Verdict::again},
        {"robot_unavailable", Verdict::again},
        {"resource_unavailable", Verdict::out_of_stock},
        {"placement_error", Verdict::out_of_stock},
        {"uniqueness_error", Verdict::taken},
        {"not_found", Verdict::gone},
        {"server_error", Verdict::unclear},
        {"service_error", Verdict::unclear},
        {"unknown_error", Verdict::unclear},
        {"bad_gateway", Verdict::unclear},
        {"timeout", Verdict::unclear},
    };
    const auto found = kKnown.find(code);
    return found == kKnown.end() ? std::nullopt : std::optional(found->second);
}

Verdict verdict_of_status(int status) {
    if (status == kRateLimited) { return Verdict::again; }
    if (status == kNotFound) { return Verdict::gone; }
    return status >= kServerErrors ? Verdict::unclear : Verdict::hopeless;
}

/// RateLimit-Reset is the second at which the limit is whole again; it refills all the time, so there is no need to
/// wait for ever.
std::optional<milliseconds> said_wait(const http::Response& response, clock::WallTime now) {
    const auto reset = response.headers.find("ratelimit-reset");
    if (reset == response.headers.end()) { return std::nullopt; }
    const auto second = text::to_number(reset->second);
    if (!second) { return std::nullopt; }
    const auto wait = clock::WallTime(std::chrono::seconds(*second)) - now;
    return std::clamp<milliseconds>(wait, milliseconds(0), kLongestWait);
}

/// invalid_input names the fields that were wrong.
std::string details_of(const json::Json& error) {
    std::vector<std::string> parts;
    for (const auto& field : json::member(json::member(error, "details"), "fields")) {
        std::vector<std::string> messages;
        for (const auto& message : json::member(field, "messages")) {
            if (message.is_string()) { messages.push_back(message.get<std::string>()); }
        }
        parts.push_back(
            text::format("{}: {}", json::string_at(field, "name").value_or("?"), text::join(messages, ", ")));
    }
    return parts.empty() ? std::string() : text::format(" ({})", text::join(parts, "; "));
}

std::string hint_of(std::string_view code) {
    if (code == "unauthorized") { return ". Is the token right, and still there in the project's settings?"; }
    if (code == "token_readonly") { return ". The token may only read; make one that may write as well"; }
    if (code == "resource_limit_exceeded") {
        return ". The project's limits are shown in Hetzner's console; they can be raised there";
    }
    return {};
}

Answer judge_failure(const http::Response& response, const json::Json* body, clock::WallTime now) {
    static const json::Json kNothing = json::Json::object();
    const auto& error = json::member(body == nullptr ? kNothing : *body, "error");
    auto code = json::string_at(error, "code").value_or(text::format("http_{}", response.status));
    auto message = json::string_at(error, "message").value_or("");
    const auto verdict = verdict_of_code(code).value_or(verdict_of_status(response.status));
    Answer answer{.verdict = verdict, .code = code};
    answer.message =
        text::format("{}{}{}{}", code, message.empty() ? "" : ": " + message, details_of(error), hint_of(code));
    if (verdict == Verdict::again) { answer.wait = said_wait(response, now); }
    return answer;
}

} // namespace

Error Answer::to_error() const {
    switch (verdict) {
    case Verdict::gone: return fail(ErrorKind::not_found, message);
    case Verdict::hopeless: return fail(ErrorKind::invalid_input, message);
    default: return fail(ErrorKind::transient, message);
    }
}

Answer judge(const Result<http::Response>& response, clock::WallTime now) {
    if (!response) {
        const auto& error = response.error();
        return {.verdict = error.kind == ErrorKind::transient ? Verdict::unclear : Verdict::hopeless,
                .code = "no_answer",
                .message = error.to_string()};
    }
    constexpr int kGood = 200;
    constexpr int kNotGood = 300;
    auto body = response->body.empty() ? Result<json::Json>(json::Json::object()) : json::parse(response->body);
    const bool readable = body && body->is_object();
    if (response->status < kGood || response->status >= kNotGood) {
        return judge_failure(*response, readable ? &*body : nullptr, now);
    }
    if (!readable) {
        return {.verdict = Verdict::unclear, .code = "unreadable", .message = "the answer was not JSON"};
    }
    return {.verdict = Verdict::good, .body = *std::move(body)};
}

milliseconds backoff(int attempt, milliseconds first, milliseconds most, double jitter,
                     const std::optional<milliseconds>& said) {
    constexpr int kDoublings = 16;
    const auto whole = std::min<milliseconds>(most, first * (1LL << std::clamp(attempt - 1, 0, kDoublings)));
    const auto wait =
        milliseconds(static_cast<std::int64_t>(static_cast<double>(whole.count()) * (1 - (jitter / 2))));
    return said ? std::max(wait, *said) : wait;
}

} // namespace ingot::builder::publish::hetzner
