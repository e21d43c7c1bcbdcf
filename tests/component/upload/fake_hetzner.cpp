#include "tests/component/upload/fake_hetzner.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <regex>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock/clock.hpp"
#include "common/text/text.hpp"

namespace ingot::tests {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto kActionTakes = 25ms;

std::string decoded(const std::string& text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 2 < text.size()) {
            plain += static_cast<char>(std::strtol(text.substr(at + 1, 2).c_str(), nullptr, 16));
            at += 2;
        } else {
            plain += text[at];
        }
    }
    return plain;
}

json::Json error(const std::string& code, const std::string& message, json::Json details = nullptr) {
    return {{"error", {{"code", code}, {"message", message}, {"details", std::move(details)}}}};
}

std::string operation_of(const std::string& method, const std::string& path) {
    return method + " " + std::regex_replace(path, std::regex("/[0-9]+"), "/N");
}

std::string now_text(int days_ago = 0) {
    return clock::to_rfc3339(clock::SystemClock().now() - std::chrono::days(days_ago));
}

} // namespace

FakeHetzner::FakeHetzner(Machines& machines)
    : machines_(machines), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    for (auto& image : system_images()) { images_[image["id"].get<std::int64_t>()] = image; }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), any, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), any, &size) != 0) {
        std::abort();
    }
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

FakeHetzner::~FakeHetzner() {
    stopping_ = true;
    thread_.join();
}

std::string FakeHetzner::endpoint() const { return text::format("http://127.0.0.1:{}/v1", port_); }

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
                  {"created", now_text(days)},
                  {"protection", {{"delete", is_protected}}},
                  {"labels", json::Json::object()}});
    if (ours) { image["labels"] = {{"ingot-role", role}, {"ingot-manifest", "00000000000000000000"}}; }
    images_[id] = image;
}

void FakeHetzner::serve() {
    std::vector<std::jthread> connections;
    while (!stopping_) {
        pollfd wait{.fd = listener_.get(), .events = POLLIN, .revents = 0};
        if (::poll(&wait, 1, 20) <= 0) { continue; }
        const int connection = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
        if (connection < 0) { continue; }
        connections.emplace_back([this, connection] { answer(connection); });
        constexpr std::size_t kMany = 64;
        if (connections.size() > kMany) { connections.erase(connections.begin(), connections.begin() + kMany / 2); }
    }
}

void FakeHetzner::answer(int connection) {
    const files::Fd owned(connection);
    std::string text;
    std::array<char, 8192> buffer{};
    std::size_t body_at = std::string::npos;
    std::size_t length = 0;
    Request request;
    while (body_at == std::string::npos || text.size() < body_at + length) {
        const auto count = ::recv(connection, buffer.data(), buffer.size(), 0);
        if (count <= 0) { return; }
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (body_at == std::string::npos && text.find("\r\n\r\n") != std::string::npos) {
            body_at = text.find("\r\n\r\n") + 4;
            for (const auto& line : text::lines(std::string_view(text).substr(0, body_at))) {
                const auto colon = line.find(": ");
                if (colon != std::string::npos) {
                    request.headers[text::lower(line.substr(0, colon))] = line.substr(colon + 2);
                }
            }
            length = static_cast<std::size_t>(text::to_number(request.headers["content-length"]).value_or(0));
        }
    }
    request.body = text.substr(body_at);
    const auto words = text::split(text.substr(0, text.find('\r')), ' ');
    request.method = words.at(0);
    const auto question = words.at(1).find('?');
    request.path = words.at(1).substr(0, question);
    if (question != std::string::npos) {
        for (const auto& part : text::split(words.at(1).substr(question + 1), '&')) {
            request.query[part.substr(0, part.find('='))] = decoded(part.substr(part.find('=') + 1));
        }
    }
    if (!request.path.starts_with("/v1/")) { return; }
    request.path = request.path.substr(3);

    std::optional<Mischief> mischief;
    Reply reply;
    {
        const std::lock_guard lock(mutex_);
        mischief = mischief_for(operation_of(request.method, request.path));
        advance();
        if (mischief != Mischief::refuse) { reply = handle(request, mischief); }
    }
    if (mischief == Mischief::refuse || mischief == Mischief::lose_answer) { return; }
    if (mischief == Mischief::hang) {
        pollfd gone{.fd = connection, .events = POLLRDHUP, .revents = 0};
        while (!stopping_ && ::poll(&gone, 1, 50) == 0) {}
        return;
    }
    auto body = reply.status == 204 ? std::string() : json::to_line(reply.body);
    std::string type = "application/json";
    if (mischief == Mischief::bad_gateway) {
        reply.status = 502;
        body = "<html><body>bad gateway</body></html>";
        type = "text/html";
    }
    if (mischief == Mischief::garbage) { body = "{\"server\": "; }
    const auto reset = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()) + 1;
    const auto head =
        text::format("HTTP/1.1 {} X\r\nContent-Type: {}\r\nContent-Length: {}\r\nRateLimit-Limit: 3600\r\n"
                     "RateLimit-Remaining: {}\r\nRateLimit-Reset: {}\r\nConnection: close\r\n\r\n",
                     reply.status, type, body.size(), mischief == Mischief::rate_limited ? 0 : 3000, reset);
    const auto whole = head + body;
    [[maybe_unused]] const auto sent = ::send(connection, whole.data(), whole.size(), MSG_NOSIGNAL);
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

FakeHetzner::Reply FakeHetzner::handle(const Request& request, std::optional<Mischief> mischief) {
    const auto header = [&](const std::string& name) {
        const auto found = request.headers.find(name);
        return found == request.headers.end() ? std::string() : found->second;
    };
    if (header("authorization") != std::string("Bearer ") + kToken) {
        fault("a request without the right token");
        return {401, error("unauthorized", "unable to authenticate")};
    }
    if (header("user-agent").empty()) { fault("no User-Agent"); }
    switch (mischief.value_or(Mischief::refuse)) {
    case Mischief::server_error: return {500, error("server_error", "internal server error")};
    case Mischief::locked: return {423, error("locked", "server is locked")};
    case Mischief::conflict: return {409, error("conflict", "the resource has changed, please retry")};
    case Mischief::rate_limited:
        return {429, error("rate_limit_exceeded", "limit of 3600 requests per hour reached")};
    case Mischief::sold_out: return {412, error("resource_unavailable", "error during placement")};
    case Mischief::forbidden: return {403, error("forbidden", "insufficient permissions for this request")};
    default: break;
    }
    const bool fails = mischief == Mischief::failing_action;
    json::Json body = json::Json::object();
    if (request.method == "POST") {
        if (header("content-type") != "application/json") { fault("a POST that is not application/json"); }
        auto parsed = json::parse(request.body);
        if (!parsed) { return {400, error("json_error", "invalid JSON")}; }
        body = *std::move(parsed);
    } else if (!request.body.empty()) {
        fault(request.method + " with a body");
    }
    auto parts = text::split(request.path.substr(1), '/');
    const auto number = [&](std::size_t index) { return text::to_number(parts.at(index)).value_or(0); };
    Reply reply{404, error("not_found", "resource not found")};
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

FakeHetzner::Reply FakeHetzner::create_key(const json::Json& body) {
    auto wrong = fault_of_body(body, {{"name", "string"}, {"public_key", "string"}, {"labels", "labels"}},
                               {"name", "public_key"});
    if (wrong.empty() && !body["public_key"].get<std::string>().starts_with("ssh-ed25519 AAAA")) {
        wrong = "not an ssh key";
    }
    if (!wrong.empty()) { return {422, error("invalid_input", wrong)}; }
    for (const auto& [id, key] : keys_) {
        if (key["name"] == body["name"] || key["public_key"] == body["public_key"]) {
            return {409, error("uniqueness_error", "SSH key not unique")};
        }
    }
    const auto id = next_id_++;
    keys_[id] = {{"id", id},
                 {"name", body["name"]},
                 {"fingerprint", "b7:2f:30:a0:2f:6c:58:6c:21:04:58:61:ba:06:3b:2f"},
                 {"public_key", body["public_key"]},
                 {"labels", body.value("labels", json::Json::object())},
                 {"created", now_text()}};
    return {201, {{"ssh_key", keys_[id]}}};
}

FakeHetzner::Reply FakeHetzner::create_server(const json::Json& body, bool action_fails) {
    auto wrong = fault_of_body(body,
                               {{"name", "string"},
                                {"server_type", "string"},
                                {"image", "string"},
                                {"location", "string"},
                                {"ssh_keys", "ids"},
                                {"start_after_create", "bool"},
                                {"labels", "labels"},
                                {"public_net", "object"}},
                               {"name", "server_type", "image"});
    if (!wrong.empty()) { return {422, error("invalid_input", wrong)}; }
    const auto name = body["name"].get<std::string>();
    if (!std::regex_match(name, std::regex("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"))) {
        return {422, error("invalid_input", "name is no hostname")};
    }
    const auto location = body.value("location", std::string("fsn1"));
    const auto type_name = body["server_type"].get<std::string>();
    const json::Json* type = nullptr;
    const auto types = server_types();
    for (const auto& candidate : types) {
        if (candidate["name"] == type_name) { type = &candidate; }
    }
    const auto is_there = [&] {
        for (const auto& entry : (*type)["locations"]) {
            if (entry["name"] == location) { return true; }
        }
        return false;
    };
    if (type == nullptr || !is_there()) { return {422, error("invalid_input", "no such server type there")}; }
    const auto image = std::ranges::find_if(images_, [&](const auto& entry) {
        return entry.second["name"] == body["image"] && entry.second["architecture"] == (*type)["architecture"];
    });
    if (image == images_.end() || image->second["deprecated"].is_string()) {
        return {422, error("invalid_input", "image is not there, deprecated, or of another architecture")};
    }
    for (const auto& [id, server] : servers_) {
        if (!server.deleted && server.name == name) {
            return {409, error("uniqueness_error", "server name is already used")};
        }
    }
    places_tried_.push_back(type_name + "@" + location);
    if (sold_out_ && (sold_out_->empty() || sold_out_->contains(location))) {
        return {412, error("resource_unavailable", "error during placement")};
    }
    if (!body.contains("ssh_keys")) { fault("a server without ssh key: the provider sends a password by mail"); }
    Server server{.id = next_id_++, .name = name, .status = "initializing", .type = type_name, .location = location};
    server.labels = body.value("labels", json::Json::object());
    for (const auto& key : body.value("ssh_keys", json::Json::array())) {
        if (!keys_.contains(key.get<std::int64_t>())) { return {422, error("invalid_input", "no such ssh key")}; }
    }
    if (body.value("start_after_create", true)) {
        fault("the server was started before the rescue system was enabled");
    }
    servers_[server.id] = server;
    most_servers_ = std::max(most_servers_, servers());
    auto action =
        begin("create_server", server.id, action_fails, [this, id = server.id] { servers_[id].status = "off"; });
    return {201,
            {{"server", show(server)},
             {"action", action},
             {"next_actions", json::Json::array()},
             {"root_password", nullptr}}};
}

FakeHetzner::Reply FakeHetzner::act(std::int64_t id, const std::string& what, const json::Json& body,
                                    bool action_fails) {
    auto* found = server(id);
    if (found == nullptr) { return {404, error("not_found", "server not found")}; }
    if (is_locked(id)) { return {423, error("locked", "server is locked")}; }
    if (what == "enable_rescue") {
        const auto wrong = fault_of_body(body, {{"type", "string"}, {"ssh_keys", "ids"}}, {});
        if (!wrong.empty() || body.value("type", "linux64") != "linux64") {
            return {422, error("invalid_input", wrong)};
        }
        std::vector<std::int64_t> keys;
        for (const auto& key : body.value("ssh_keys", json::Json::array())) {
            keys.push_back(key.get<std::int64_t>());
        }
        auto action = begin(what, id, action_fails, [this, id, keys] {
            servers_[id].rescue = true;
            servers_[id].keys = keys;
        });
        return {201, {{"action", action}, {"root_password", "not-used"}}};
    }
    if (what == "create_image") { return create_image(*found, body, action_fails); }
    if (!body.empty()) { return {422, error("invalid_input", "fields that are not known")}; }
    if (what == "poweron") {
        if (!action_fails && found->status == "off") { found->status = "starting"; }
        return {201, {{"action", begin(what, id, action_fails, [this, id] {
                           auto& machine = servers_[id];
                           if (machine.status == "running") { return; }
                           machine.status = "running";
                           if (!machine.rescue) {
                               fault("a server booted its own disk");
                               return;
                           }
                           machine.rescue = false; // for one boot
                           std::vector<std::string> keys;
                           for (const auto key : machine.keys) {
                               if (keys_.contains(key)) {
                                   keys.push_back(keys_[key]["public_key"].get<std::string>());
                               }
                           }
                           machines_.boot_rescue(id, keys);
                       })}}};
    }
    if (what == "poweroff") {
        return {201, {{"action", begin(what, id, action_fails, [this, id] {
                           machines_.power_cut(id);
                           servers_[id].status = "off";
                       })}}};
    }
    fault("no such action: " + what);
    return {404, error("not_found", "no such action")};
}

FakeHetzner::Reply FakeHetzner::create_image(Server& server, const json::Json& body, bool action_fails) {
    const auto wrong = fault_of_body(body, {{"type", "string"}, {"description", "string"}, {"labels", "labels"}}, {});
    if (!wrong.empty() || body.value("type", "snapshot") != "snapshot") {
        return {422, error("invalid_input", wrong)};
    }
    if (server.status != "off") { fault("a snapshot of a server that is " + server.status); }
    const auto id = next_id_++;
    auto image = system_images().front();
    image.update({{"id", id},
                  {"type", "snapshot"},
                  {"status", "creating"},
                  {"name", nullptr},
                  {"image_size", nullptr},
                  {"disk_size", 40},
                  {"deprecated", nullptr},
                  {"description", body.value("description", "")},
                  {"created", now_text()},
                  {"created_from", {{"id", server.id}, {"name", server.name}}},
                  {"labels", body.value("labels", json::Json::object())}});
    images_[id] = image;
    snapshot_digest_ = machines_.disk_digest();
    auto action = begin("create_image", server.id, action_fails, [this, id] {
        if (!images_.contains(id)) { return; }
        images_[id]["status"] = "available";
        images_[id]["image_size"] = 0.25;
    });
    return {201, {{"image", images_[id]}, {"action", action}}};
}

FakeHetzner::Reply FakeHetzner::remove(const std::vector<std::string>& parts, bool action_fails) {
    const auto id = text::to_number(parts[1]).value_or(0);
    if (parts[0] == "servers") {
        auto* found = server(id);
        if (found == nullptr) { return {404, error("not_found", "server not found")}; }
        if (is_locked(id)) { return {423, error("locked", "server is locked")}; }
        auto action = begin("delete_server", id, action_fails, [this, id] {
            machines_.power_cut(id);
            servers_[id].deleted = true;
        });
        return {200, {{"action", action}}};
    }
    if (parts[0] == "ssh_keys") {
        return keys_.erase(id) > 0 ? Reply{204} : Reply{404, error("not_found", "no such key")};
    }
    if (parts[0] == "images") {
        if (!images_.contains(id)) { return {404, error("not_found", "no such image")}; }
        if (images_[id]["type"] != "snapshot") { return {403, error("forbidden", "not yours")}; }
        if (images_[id]["protection"]["delete"] == true) {
            fault("tried to delete a protected snapshot");
            return {403, error("protected", "image is protected")};
        }
        images_.erase(id);
        return {204};
    }
    fault("no such call: DELETE /" + parts[0]);
    return {404, error("not_found", "no such call")};
}

FakeHetzner::Reply FakeHetzner::get(const Request& request, const std::vector<std::string>& parts) {
    const auto id = parts.size() == 2 ? text::to_number(parts[1]).value_or(0) : 0;
    const Reply missing{404, error("not_found", "resource not found")};
    std::vector<json::Json> values;
    if (parts[0] == "server_types" && parts.size() == 1) { return page(request, "server_types", server_types()); }
    if (parts[0] == "actions" && parts.size() == 2) {
        return actions_.contains(id) ? Reply{200, {{"action", show(actions_[id])}}} : missing;
    }
    if (parts[0] == "servers") {
        if (parts.size() == 2) {
            return server(id) != nullptr ? Reply{200, {{"server", show(*server(id))}}} : missing;
        }
        for (const auto& [number, server] : servers_) {
            if (!server.deleted) { values.push_back(show(server)); }
        }
        return page(request, "servers", values);
    }
    if (parts[0] == "ssh_keys" && parts.size() == 1) {
        for (const auto& [number, key] : keys_) { values.push_back(key); }
        return page(request, "ssh_keys", values);
    }
    if (parts[0] == "images") {
        if (parts.size() == 2) { return images_.contains(id) ? Reply{200, {{"image", images_[id]}}} : missing; }
        for (const auto& [number, image] : images_) { values.push_back(image); }
        return page(request, "images", values);
    }
    fault("no such call: GET " + request.path);
    return missing;
}

/// Small pages, so that a client that reads only the first is found out.
FakeHetzner::Reply FakeHetzner::page(const Request& request, const std::string& key, std::vector<json::Json> values) {
    constexpr std::size_t kPage = 3;
    const std::set<std::string> known = {"page",   "per_page",     "label_selector", "type",
                                         "status", "architecture", "name",           "sort"};
    std::int64_t number = 1;
    for (const auto& [name, value] : request.query) {
        if (!known.contains(name)) { return {422, error("invalid_input", "unknown parameter " + name)}; }
        if (name == "per_page" && text::to_number(value).value_or(99) > 50) {
            return {422, error("invalid_input", "per_page")};
        }
        if (name == "page") { number = text::to_number(value).value_or(1); }
        std::erase_if(values, [&](const json::Json& entry) {
            if (name == "label_selector") { return !selects(value, entry["labels"]); }
            const bool filter = name == "type" || name == "status" || name == "architecture" || name == "name";
            return filter && entry.at(name) != value;
        });
    }
    const auto last = static_cast<std::int64_t>(std::max<std::size_t>(1, (values.size() + kPage - 1) / kPage));
    auto list = json::Json::array();
    for (std::size_t index = static_cast<std::size_t>(number - 1) * kPage;
         index < std::min(values.size(), static_cast<std::size_t>(number) * kPage); ++index) {
        list.push_back(values[index]);
    }
    return {200,
            {{key, list},
             {"meta",
              {{"pagination",
                {{"page", number},
                 {"per_page", kPage},
                 {"previous_page", number > 1 ? json::Json(number - 1) : json::Json()},
                 {"next_page", number < last ? json::Json(number + 1) : json::Json()},
                 {"last_page", last},
                 {"total_entries", values.size()}}}}}}};
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
                        {"started", now_text()},
                        {"finished", action.over ? json::Json(now_text()) : json::Json()},
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
            {"created", now_text()},
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
