#include "builder/serve/world/service.hpp"

#include "builder/serve/model/script.hpp"
#include "common/crypto/crypto.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::serve {

namespace {

constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kNotAllowed = 405;
constexpr int kGone = 410;
constexpr int kBroken = 500;
constexpr const char* kIpxe = "text/plain; charset=us-ascii";

std::string argument(const HttpRequest& request, const char* name) {
    const auto found = request.query.find(name);
    return found == request.query.end() ? "" : found->second;
}

HttpAnswer text_answer(std::string body) { return {.body = std::move(body)}; }

HttpAnswer content_of(const std::filesystem::path& file) {
    auto content = files::read(file);
    if (!content) { return {.status = kBroken, .body = "the server cannot read that file\n"}; }
    return {.type = "text/plain; charset=utf-8", .body = *std::move(content)};
}

/// Tokens open user-data: they are not for the log.
std::string shown_path(const HttpRequest& request, const Asked& asked) {
    if (asked.route == Route::seed) { return "/seed/…/" + asked.second; }
    if (asked.route == Route::report) { return "/report/…"; }
    return printable(request.path);
}

std::string new_token() {
    constexpr std::size_t kBytes = 16;
    return crypto::hex_encode(crypto::random_bytes(kBytes));
}

} // namespace

Result<std::unique_ptr<Service>> Service::create(ServiceOptions options, Config config, Log log) {
    INGOT_ASSIGN(const auto text, files::read_if_exists(options.state_file), "");
    State state;
    if (text) { INGOT_ASSIGN(state, parse_state(*text), options.state_file.string()); }
    return std::unique_ptr<Service>(new Service(std::move(options), std::move(config), std::move(state),
                                                std::move(log))); // NOLINT: private constructor
}

Status Service::save(const State& state) const {
    return files::write(options_.state_file, render_state(state), {.mode = 0600});
}

std::string Service::server_of(const HttpRequest& request) const {
    if (!options_.url.empty()) { return options_.url; }
    return is_host(request.host) ? "http://" + request.host : "";
}

std::optional<Purpose> Service::purpose_of(const Assigned& machine) const {
    const auto found = assign(config_, {.machines = {machine}}, machine.identity, options_.strict);
    return found ? std::optional(found->purpose) : std::nullopt;
}

HttpAnswer Service::order(const HttpRequest& request, std::string& who) {
    const auto server = server_of(request);
    if (server.empty()) { return {.status = kForbidden, .body = "a request without a sensible Host\n"}; }
    const auto identity =
        identity_of(argument(request, "mac"), argument(request, "serial"), argument(request, "uuid"));
    const std::lock_guard lock(mutex_);
    const auto found = assign(config_, state_, identity, options_.strict);
    if (!found) {
        who = found.error().message;
        return text_answer(render_refusal(found.error().message)); // 200: iPXE shows only scripts
    }
    auto state = state_;
    auto index = found->known;
    if (!index) {
        index = state.machines.size();
        state.machines.push_back(
            {.identity = identity, .name = found->name, .role = found->purpose.role, .token = new_token()});
    }
    auto& machine = state.machines[*index];
    const auto order = order_for(found->purpose, machine);
    // Another installation is another instance, and the one before has no more to ask.
    if (order == Order::install && machine.phase == Phase::installed) {
        machine.phase = Phase::assigned;
        machine.token = new_token();
    }
    if (state != state_) {
        // On disk before the machine hears of it: what was given is given once.
        if (auto saved = save(state); !saved) {
            who = saved.error().to_string();
            return {.status = kBroken, .body = "the server cannot keep its state\n"};
        }
        state_ = std::move(state);
    }
    const auto& kept = state_.machines[*index];
    who = text::format("{} is told: {}", kept.name,
                       order == Order::install ? "install"
                       : order == Order::ram   ? "run from RAM"
                                               : "boot the disk");
    return {.type = kIpxe, .body = render_order(order, found->purpose, kept, server)};
}

HttpAnswer Service::seed(const Asked& asked, std::string& who) {
    const std::lock_guard lock(mutex_);
    const auto* const machine = find_token(state_, asked.first);
    const auto purpose = machine == nullptr ? std::nullopt : purpose_of(*machine);
    if (!purpose) { return {.status = kNotFound, .body = "there is no such seed\n"}; }
    who = machine->name;
    if (!may_have_seed(*purpose, *machine)) {
        return {.status = kGone, .body = "this machine is installed and has its seed\n"};
    }
    if (asked.second == "meta-data") { return text_answer(render_meta_data(*machine)); }
    if (asked.second == "user-data") { return content_of(purpose->user_data); }
    if (asked.second == "network-config" && !purpose->network_config.empty()) {
        return content_of(purpose->network_config);
    }
    return {.status = kNotFound, .body = "there is no such file in the seed\n"};
}

HttpAnswer Service::report(const HttpRequest& request, const Asked& asked, std::string& who) {
    if (request.method != "POST") { return {.status = kNotAllowed, .body = "reports are posted\n"}; }
    const auto news = json::parse(request.body);
    const std::lock_guard lock(mutex_);
    auto state = state_;
    auto* const machine = find_token(state, asked.first);
    if (machine == nullptr || !news) { return {.status = kNotFound, .body = "nobody waits for this report\n"}; }
    const auto said = json::string_at(*news, "state").value_or("");
    const auto detail = printable(json::string_at(*news, "detail").value_or(""));
    who = text::format("{} says: {} {}", machine->name, printable(said), detail);
    if (const auto total = json::unsigned_at(*news, "total").value_or(0); said == "installing" && total > 0) {
        who += text::format(" ({} %)", json::unsigned_at(*news, "done").value_or(0) * 100 / total);
    }
    const auto phase = next_phase(machine->phase, said);
    const auto purpose = purpose_of(*machine);
    if (phase == Phase::installed && machine->phase != phase && purpose) { machine->again = purpose->again; }
    const bool changes = machine->phase != phase;
    machine->phase = phase;
    if (changes) {
        machine->detail = detail;
        if (auto saved = save(state); !saved) {
            who = saved.error().to_string();
            return {.status = kBroken, .body = "the server cannot keep its state\n"};
        }
        state_ = std::move(state);
    }
    return text_answer("noted\n");
}

/// Names and phases; nothing by which anybody gets anything.
HttpAnswer Service::status() {
    const std::lock_guard lock(mutex_);
    auto machines = json::Json::array();
    for (const auto& machine : state_.machines) {
        machines.push_back({{"name", machine.name},
                            {"role", machine.role},
                            {"phase", to_string(machine.phase)},
                            {"detail", machine.detail}});
    }
    return {.type = "application/json", .body = json::to_text(machines)};
}

HttpAnswer Service::dispatch(const HttpRequest& request, const Asked& asked, std::string& who) {
    if (asked.route == Route::report) { return report(request, asked, who); }
    if (request.method != "GET" && request.method != "HEAD") {
        return {.status = kNotAllowed, .body = "only GET and HEAD\n"};
    }
    switch (asked.route) {
    case Route::first_script: {
        const auto server = server_of(request);
        if (server.empty()) { break; }
        return {.type = kIpxe, .body = render_first_script(server)};
    }
    case Route::order: return order(request, who);
    case Route::seed: return seed(asked, who);
    case Route::image: return images_.answer(asked.first, asked.second, request.range);
    case Route::loader: return file_answer(options_.loaders / asked.second, request.range);
    case Route::status: return status();
    case Route::report:
    case Route::none: break;
    }
    return {.status = kNotFound, .body = "there is nothing here\n"};
}

HttpAnswer Service::answer(const HttpRequest& request) {
    const auto asked = route_of(request.path);
    std::string who;
    auto answer = dispatch(request, asked, who);
    const auto bytes = answer.file ? answer.file->length : answer.body.size();
    log_(text::format("{} {} {} {} {}{}{}", request.client, printable(request.method), shown_path(request, asked),
                      answer.status, bytes, who.empty() ? "" : " ", who));
    return answer;
}

} // namespace ingot::builder::serve
