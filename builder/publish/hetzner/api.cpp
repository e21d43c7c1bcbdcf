#include "builder/publish/hetzner/api.hpp"

#include <algorithm>
#include <random>

#include "common/text/text.hpp"

namespace ingot::builder::publish::hetzner {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

double random_fraction() {
    thread_local std::minstd_rand generator(std::random_device{}());
    return std::uniform_real_distribution<double>(0, 1)(generator);
}

bool is_loopback(std::string_view rest) {
    for (const std::string_view host : {"127.0.0.1", "localhost", "[::1]"}) {
        if (rest.starts_with(host) &&
            (rest.size() == host.size() || rest[host.size()] == ':' || rest[host.size()] == '/')) {
            return true;
        }
    }
    return false;
}

} // namespace

Status check_endpoint(std::string_view endpoint) {
    constexpr std::string_view kPlain = "http://";
    if (endpoint.starts_with("https://")) { return {}; }
    if (endpoint.starts_with(kPlain) && is_loopback(endpoint.substr(kPlain.size()))) { return {}; }
    return fail(ErrorKind::refused,
                text::format("the token is not sent to {}: only https, or http to this machine itself", endpoint));
}

void RateLimit::hold_until(steady_clock::time_point time) {
    const std::lock_guard lock(mutex_);
    until_ = std::max(until_, time);
}

milliseconds RateLimit::to_wait() const {
    const std::lock_guard lock(mutex_);
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(until_ - steady_clock::now()));
}

Status Api::pause(milliseconds duration) const {
    if (!stop_->sleep(duration)) { return stop_->check(); }
    return {};
}

Answer Api::send(std::string_view method, const std::string& path, const std::string& body) {
    http::InternetRequest request;
    request.method = method;
    request.url = account_.endpoint + path;
    request.headers = {"Authorization: Bearer " + account_.token.reveal(), "User-Agent: ingot",
                       "Accept: application/json"};
    if (!body.empty()) { request.headers.emplace_back("Content-Type: application/json"); }
    request.body = body;
    request.connect_timeout = std::min<milliseconds>(pace_.request, std::chrono::seconds(10));
    request.timeout = pace_.request;
    auto answer = judge(http_.send(request), clock_.now());
    if (answer.code == "rate_limit_exceeded" && answer.wait) {
        limit_.hold_until(steady_clock::now() + *answer.wait);
    }
    answer.message = text::format("{} {}: {}", method, path, answer.message);
    return answer;
}

/// Waits for attempt `attempt`; an error if an end is asked for, or if the patience for this call is over.
Status Api::wait_before(int attempt, const Answer& last, steady_clock::time_point deadline) {
    if (attempt > 0) {
        auto wait = backoff(attempt, pace_.backoff, pace_.backoff_most, random_fraction(), last.wait);
        if (steady_clock::now() + wait > deadline) {
            return last.to_error().with_context(text::format("gave up after {} attempts", attempt));
        }
        INGOT_TRY(pause(wait), last.message);
    }
    if (const auto held = limit_.to_wait(); held.count() > 0) {
        INGOT_TRY(pause(held), "waiting for the rate limit");
    }
    return stop_->check();
}

Result<json::Json> Api::ask(std::string_view method, const std::string& path) {
    const auto deadline = steady_clock::now() + pace_.call;
    Answer answer;
    for (int attempt = 0;; ++attempt) {
        INGOT_TRY(wait_before(attempt, answer, deadline), "");
        answer = send(method, path, "");
        switch (answer.verdict) {
        case Verdict::good: return std::move(answer.body);
        case Verdict::again:
        case Verdict::unclear:
        case Verdict::out_of_stock: continue;
        case Verdict::taken:
        case Verdict::gone:
        case Verdict::hopeless: return answer.to_error();
        }
    }
}

Result<std::vector<json::Json>> Api::list(const std::string& path, std::string_view key) {
    constexpr int kMostPages = 1000;
    std::vector<json::Json> all;
    std::int64_t page = 1;
    for (int count = 0; count < kMostPages; ++count) {
        const auto separator = path.find('?') == std::string::npos ? '?' : '&';
        INGOT_ASSIGN(const auto answer, ask("GET", text::format("{}{}per_page=50&page={}", path, separator, page)),
                     "");
        const auto& members = json::member(answer, key);
        if (!members.is_array()) {
            return fail(ErrorKind::transient, text::format("GET {}: the answer has no list of {}", path, key));
        }
        for (const auto& member : members) { all.push_back(member); }
        const auto next = json::number_at(json::member(json::member(answer, "meta"), "pagination"), "next_page");
        if (!next || *next <= page) { return all; }
        page = *next;
    }
    return fail(ErrorKind::transient, text::format("GET {}: more than {} pages", path, kMostPages));
}

Result<Answer> Api::make(const std::string& path, const json::Json& body, const Look& look, SoldOut sold_out) {
    const auto deadline = steady_clock::now() + pace_.call;
    const auto text = json::to_line(body);
    bool may_be_there = false;
    Answer answer;
    for (int attempt = 0;; ++attempt) {
        INGOT_TRY(wait_before(attempt, answer, deadline), "");
        if (may_be_there) {
            INGOT_ASSIGN(auto found, look(), "looking whether it was made");
            if (found) { return Answer{.verdict = Verdict::good, .body = *std::move(found)}; }
        }
        answer = send("POST", path, text);
        switch (answer.verdict) {
        case Verdict::good: return answer;
        case Verdict::again: continue;
        case Verdict::unclear: may_be_there = true; continue;
        case Verdict::taken:
            if (may_be_there) { continue; } // by the request before this one
            return answer;
        case Verdict::out_of_stock:
            if (sold_out == SoldOut::wait) { continue; }
            return answer;
        case Verdict::gone:
        case Verdict::hopeless: return answer.to_error();
        }
    }
}

Result<Action> Api::wait_for(Action action, milliseconds patience, const std::function<void(int percent)>& tell) {
    const auto deadline = steady_clock::now() + patience;
    auto interval = pace_.poll;
    while (action.status == "running") {
        if (steady_clock::now() > deadline) {
            return fail(ErrorKind::transient,
                        text::format("the action {} ({}) is not over after {} s", action.command, action.id,
                                     std::chrono::duration_cast<std::chrono::seconds>(patience).count()));
        }
        INGOT_TRY(pause(interval), text::format("waiting for {}", action.command));
        interval = std::min(interval * 3 / 2, pace_.poll_most);
        INGOT_ASSIGN(const auto answer, ask("GET", text::format("/actions/{}", action.id)), "");
        INGOT_ASSIGN(action, to_action(json::member(answer, "action")), "");
        if (tell) { tell(action.progress); }
    }
    if (action.status == "success") { return action; }
    return fail(ErrorKind::transient, text::format("the action {} failed: {}: {}", action.command, action.error_code,
                                                   action.error_message));
}

Status Api::wait_for_action_in(const json::Json& answer) {
    std::vector<json::Json> values;
    if (const auto& first = json::member(answer, "action"); first.is_object()) { values.push_back(first); }
    for (const auto& next : json::member(answer, "next_actions")) { values.push_back(next); }
    for (const auto& value : values) {
        INGOT_ASSIGN(auto action, to_action(value), "");
        INGOT_TRY(wait_for(std::move(action), pace_.action), "");
    }
    return {};
}

Result<std::optional<Server>> Api::server(Id id) {
    auto answer = ask("GET", text::format("/servers/{}", id));
    if (!answer && answer.error().kind == ErrorKind::not_found) { return std::optional<Server>(); }
    if (!answer) { return std::move(answer).error(); }
    INGOT_ASSIGN(auto server, to_server(json::member(*answer, "server")), "");
    return std::optional(std::move(server));
}

} // namespace ingot::builder::publish::hetzner
