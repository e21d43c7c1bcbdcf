#include "tests/component/upload/fake_hetzner.hpp"

#include <algorithm>
#include <regex>

#include "common/text/text.hpp"

namespace ingot::tests {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kActionTakes = 25ms;

std::string operation_of(const std::string& method, const std::string& path) {
    return method + " " + std::regex_replace(path, std::regex("/[0-9]+"), "/N");
}

} // namespace

FakeHetzner::FakeHetzner(Machines& machines) : machines_(machines) {
    for (auto& image : system_images()) { images_[image["id"].get<std::int64_t>()] = image; }
    time_ = std::jthread([this](const std::stop_token& stop) {
        constexpr auto kTick = 10ms;
        while (!stop.stop_requested()) {
            std::this_thread::sleep_for(kTick);
            const std::lock_guard lock(mutex_);
            advance();
        }
    });
    http_.emplace([this](const FakeRequest& request) { return answer(request); });
}

FakeHetzner::~FakeHetzner() {
    http_.reset();
    time_ = {};
}

std::string FakeHetzner::endpoint() const { return text::format("http://127.0.0.1:{}/v1", http_->port()); }

void FakeHetzner::disturb(const std::string& operation, int nth, Mischief mischief, int times) {
    const std::lock_guard lock(mutex_);
    disturbances_.push_back({operation, nth, mischief, times});
}

void FakeHetzner::break_down_at(const std::string& operation, int nth) {
    const std::lock_guard lock(mutex_);
    break_down_ = Disturbance{operation, nth, Mischief::refuse, 0};
}

void FakeHetzner::repair() {
    const std::lock_guard lock(mutex_);
    disturbances_.clear();
    break_down_.reset();
    broken_ = false;
    sold_out_.reset();
}

void FakeHetzner::sell_out(std::set<std::string> locations) {
    const std::lock_guard lock(mutex_);
    sold_out_ = std::move(locations);
}

std::vector<std::string> FakeHetzner::operations() const {
    const std::lock_guard lock(mutex_);
    return operations_;
}
std::vector<std::string> FakeHetzner::faults() const {
    const std::lock_guard lock(mutex_);
    return faults_;
}
std::size_t FakeHetzner::servers() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(
        std::ranges::count_if(servers_, [](const auto& entry) { return !entry.second.deleted; }));
}
std::size_t FakeHetzner::keys() const {
    const std::lock_guard lock(mutex_);
    return keys_.size();
}
std::vector<json::Json> FakeHetzner::snapshots() const {
    const std::lock_guard lock(mutex_);
    std::vector<json::Json> found;
    for (const auto& [id, image] : images_) {
        if (image["type"] == "snapshot") { found.push_back(image); }
    }
    return found;
}
std::string FakeHetzner::digest_of_snapshot() const {
    const std::lock_guard lock(mutex_);
    return snapshot_digest_;
}
std::vector<std::string> FakeHetzner::places_tried() const {
    const std::lock_guard lock(mutex_);
    return places_tried_;
}

void FakeHetzner::add_snapshot(const std::string& role, int days, bool is_protected, bool ours) {
    const std::lock_guard lock(mutex_);
    auto image = system_images().front();
    const auto id = next_id_++;
    image.update({{"id", id},
                  {"type", "snapshot"},
                  {"name", nullptr},
                  {"image_size", 0.3},
                  {"disk_size", 40},
                  {"deprecated", nullptr},
                  {"description", text::format("{} of {} days ago", role, days)},
                  {"created", time_text(days)},
                  {"protection", {{"delete", is_protected}}},
                  {"labels", json::Json::object()}});
    if (ours) { image["labels"] = {{"ingot-role", role}, {"ingot-manifest", "00000000000000000000"}}; }
    images_[id] = image;
}

FakeAnswer FakeHetzner::answer(const FakeRequest& asked) {
    using Ending = FakeAnswer::Ending;
    constexpr std::string_view kVersion = "/v1";
    if (!asked.path.starts_with("/v1/")) { return {.ending = Ending::closed}; }
    auto request = asked;
    request.path = asked.path.substr(kVersion.size());
    std::optional<Mischief> mischief;
    Reply reply;
    {
        const std::lock_guard lock(mutex_);
        mischief = mischief_for(operation_of(request.method, request.path));
        if (mischief != Mischief::refuse) { reply = handle(request, mischief); }
    }
    if (mischief == Mischief::refuse || mischief == Mischief::lose_answer) { return {.ending = Ending::closed}; }
    if (mischief == Mischief::hang) { return {.ending = Ending::silent}; }
    const auto reset = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) + 1;
    FakeAnswer answer{.status = reply.status,
                      .headers = {{"Content-Type", "application/json"},
                                  {"RateLimit-Limit", "3600"},
                                  {"RateLimit-Remaining", mischief == Mischief::rate_limited ? "0" : "3000"},
                                  {"RateLimit-Reset", std::to_string(reset)}},
                      .body = reply.status == 204 ? std::string() : json::to_line(reply.body)};
    if (mischief == Mischief::bad_gateway) {
        answer.status = 502;
        answer.body = "<html><body>bad gateway</body></html>";
        answer.headers["Content-Type"] = "text/html";
    }
    if (mischief == Mischief::garbage) { answer.body = "{\"server\": "; }
    return answer;
}

std::optional<Mischief> FakeHetzner::mischief_for(const std::string& operation) {
    operations_.push_back(operation);
    const auto count = ++counts_[operation];
    if (break_down_ && break_down_->operation == operation && break_down_->nth == count) { broken_ = true; }
    if (broken_) { return Mischief::refuse; }
    for (const auto& disturbance : disturbances_) {
        if (disturbance.operation == operation && count >= disturbance.nth &&
            count < disturbance.nth + disturbance.times) {
            return disturbance.mischief;
        }
    }
    return std::nullopt;
}

FakeHetzner::Reply FakeHetzner::handle(const FakeRequest& request, std::optional<Mischief> mischief) {
    const auto header = [&](const std::string& name) {
        const auto found = request.headers.find(name);
        return found == request.headers.end() ? std::string() : found->second;
    };
    if (header("authorization") != std::string("Bearer ") + kToken) {
        fault("a request without the right token");
        return {401, api_error("unauthorized", "unable to authenticate")};
    }
    if (header("user-agent").empty()) { fault("no User-Agent"); }
    switch (mischief.value_or(Mischief::refuse)) {
    case Mischief::server_error: return {500, api_error("server_error", "internal server error")};
    case Mischief::locked: return {423, api_error("locked", "server is locked")};
    case Mischief::conflict: return {409, api_error("conflict", "the resource has changed, please retry")};
    case Mischief::rate_limited:
        return {429, api_error("rate_limit_exceeded", "limit of 3600 requests per hour reached")};
    case Mischief::sold_out: return {412, api_error("resource_unavailable", "error during placement")};
    case Mischief::forbidden: return {403, api_error("forbidden", "insufficient permissions for this request")};
    default: break;
    }
    const bool fails = mischief == Mischief::failing_action;
    json::Json body = json::Json::object();
    if (request.method == "POST") {
        if (header("content-type") != "application/json") { fault("a POST that is not application/json"); }
        auto parsed = json::parse(request.body);
        if (!parsed) { return {400, api_error("json_error", "invalid JSON")}; }
        body = *std::move(parsed);
    } else if (!request.body.empty()) {
        fault(request.method + " with a body");
    }
    auto parts = text::split(request.path.substr(1), '/');
    const auto number = [&](std::size_t index) { return text::to_number(parts.at(index)).value_or(0); };
    Reply reply{404, api_error("not_found", "resource not found")};
    if (request.method == "GET") {
        reply = get(request, parts);
    } else if (request.method == "DELETE" && parts.size() == 2) {
        reply = remove(parts, fails);
    } else if (request.method == "POST" && request.path == "/ssh_keys") {
        reply = create_key(body);
    } else if (request.method == "POST" && request.path == "/servers") {
        reply = create_server(body, fails);
    } else if (request.method == "POST" && parts.size() == 4 && parts[0] == "servers" && parts[2] == "actions") {
        reply = act(number(1), parts[3], body, fails);
    } else {
        fault("no such call: " + request.method + " " + request.path);
    }
    if (reply.status == 422) { fault(text::format("{} {}: {}", request.method, request.path, reply.body.dump())); }
    return reply;
}

json::Json FakeHetzner::begin(const std::string& command, std::int64_t server, bool fails,
                              std::function<void()> then) {
    Action action{.id = next_id_++,
                  .command = command,
                  .server = server,
                  .end = steady_clock::now() + kActionTakes,
                  .fails = fails,
                  .then = std::move(then)};
    actions_[action.id] = action;
    return show(action);
}

void FakeHetzner::advance() {
    for (auto& [id, action] : actions_) {
        if (action.over || steady_clock::now() < action.end) { continue; }
        action.over = true;
        if (!action.fails) { action.then(); }
    }
    for (auto& [id, server] : servers_) {
        if (server.status == "running" && machines_.is_off(id)) {
            machines_.power_cut(id);
            server.status = "off";
        }
    }
}

json::Json FakeHetzner::show(const Action& action) const {
    json::Json value = {{"id", action.id},
                        {"command", action.command},
                        {"status", !action.over ? "running" : (action.fails ? "error" : "success")},
                        {"progress", action.over ? 100 : 40},
                        {"started", time_text()},
                        {"finished", action.over ? json::Json(time_text()) : json::Json()},
                        {"resources", json::Json::array({{{"id", action.server}, {"type", "server"}}})},
                        {"error", nullptr}};
    if (action.over && action.fails) { value["error"] = {{"code", "action_failed"}, {"message", "Action failed"}}; }
    return value;
}

json::Json FakeHetzner::show(const Server& server) const {
    const bool ipv6 = ipv6_loopback_;
    json::Json net = {
        {"ipv4",
         ipv6 ? json::Json()
              : json::Json{{"id", 1}, {"ip", machines_.address(server.id)}, {"blocked", false}, {"dns_ptr", "x"}}},
        {"ipv6", ipv6 ? json::Json{{"id", 2}, {"ip", "::/64"}, {"blocked", false}, {"dns_ptr", json::Json::array()}}
                      : json::Json()},
        {"floating_ips", json::Json::array()},
        {"firewalls", json::Json::array()}};
    return {{"id", server.id},
            {"name", server.name},
            {"status", server.status},
            {"created", time_text()},
            {"public_net", net},
            {"private_net", json::Json::array()},
            {"server_type", {{"id", 114}, {"name", server.type}}},
            {"location", {{"id", 1}, {"name", server.location}}},
            {"image", nullptr},
            {"iso", nullptr},
            {"rescue_enabled", server.rescue},
            {"locked", is_locked(server.id)},
            {"protection", {{"delete", false}, {"rebuild", false}}},
            {"labels", server.labels},
            {"volumes", json::Json::array()},
            {"primary_disk_size", 40}};
}

FakeHetzner::Server* FakeHetzner::server(std::int64_t id) {
    const auto found = servers_.find(id);
    return found == servers_.end() || found->second.deleted ? nullptr : &found->second;
}

bool FakeHetzner::is_locked(std::int64_t id) const {
    return std::ranges::any_of(actions_,
                               [&](const auto& entry) { return entry.second.server == id && !entry.second.over; });
}

} // namespace ingot::tests
