#include "builder/publish/hetzner/server.hpp"

#include <algorithm>

#include "common/text/text.hpp"

namespace ingot::builder::publish::hetzner {

namespace {

using std::chrono::steady_clock;

constexpr int kRounds = 3; ///< over all candidates; endless tries have closed accounts

std::string selector(std::string_view run) {
    return run.empty() ? std::string(kTemporary) : text::format("{}%3D{}", kRun, run);
}

std::string singular(const std::string& kind) {
    if (kind == "ssh_keys") { return "ssh key"; }
    return kind == "servers" ? "server" : "snapshot";
}

} // namespace

std::string Leftover::to_string() const {
    return text::format("{} {}{}({})", singular(kind), name, name.empty() ? "" : " ", id);
}

Result<std::vector<Leftover>> find_temporary(Api& api, std::string_view run) {
    std::vector<Leftover> found;
    INGOT_ASSIGN(const auto servers, api.list("/servers?label_selector=" + selector(run), "servers"), "");
    for (const auto& value : servers) {
        INGOT_ASSIGN(auto server, to_server(value), "");
        found.push_back({"servers", server.id, server.name, server.created, std::move(server.labels)});
    }
    INGOT_ASSIGN(const auto keys, api.list("/ssh_keys?label_selector=" + selector(run), "ssh_keys"), "");
    for (const auto& value : keys) {
        INGOT_ASSIGN(auto key, to_ssh_key(value), "");
        found.push_back({"ssh_keys", key.id, key.name, key.created, std::move(key.labels)});
    }
    return found;
}

Status remove(Api& api, const Leftover& leftover) {
    const auto path = text::format("/{}/{}", leftover.kind, leftover.id);
    constexpr int kTries = 3; // of a removal that was accepted and then failed
    for (int attempt = 1;; ++attempt) {
        auto answer = api.ask("DELETE", path);
        if (!answer && answer.error().kind == ErrorKind::not_found) { return {}; }
        if (!answer) { return std::move(answer).error().with_context("removing " + leftover.to_string()); }
        auto ended = api.wait_for_action_in(*answer);
        if (ended || leftover.kind != "servers") { return ended; }
        // The action may be forgotten together with its server.
        INGOT_ASSIGN(const auto server, api.server(leftover.id), "");
        if (!server || attempt == kTries) { return server ? std::move(ended) : Status(); }
    }
}

Result<std::optional<json::Json>> TemporaryServer::find_by_run(std::string_view kind, const std::string& member) {
    INGOT_ASSIGN(const auto values,
                 api_.list(text::format("/{}?label_selector={}", kind, selector(wishes_.run)), kind), "");
    if (values.empty()) { return std::optional<json::Json>(); }
    return std::optional(json::Json{{member, values.front()}});
}

Status TemporaryServer::create_key(const std::string& public_key) {
    const json::Json body = {{"name", name()}, {"public_key", public_key}, {"labels", to_json(labels())}};
    INGOT_ASSIGN(const auto answer, api_.make("/ssh_keys", body, [&] { return find_by_run("ssh_keys", "ssh_key"); }),
                 "registering an ssh key");
    if (answer.verdict != Verdict::good) { return answer.to_error().with_context("registering an ssh key"); }
    INGOT_ASSIGN(const auto key, to_ssh_key(json::member(answer.body, "ssh_key")), "");
    key_ = key.id;
    return {};
}

/// True: there is a server. False: this type is not to be had there now.
Result<bool> TemporaryServer::try_candidate(const Candidate& candidate, const Snapshot& base) {
    json::Json body = {{"name", name()},
                       {"server_type", candidate.type},
                       {"location", candidate.location},
                       {"image", base.name},
                       {"ssh_keys", json::Json::array({key_})},
                       {"start_after_create", false},
                       {"labels", to_json(labels())}};
    if (wishes_.ipv6_only) { body["public_net"] = {{"enable_ipv4", false}, {"enable_ipv6", true}}; }
    INGOT_ASSIGN(
        const auto answer,
        api_.make("/servers", body, [&] { return find_by_run("servers", "server"); }, Api::SoldOut::tell), "");
    if (answer.verdict == Verdict::out_of_stock) {
        report_.note(image_, text::format("{} is not to be had in {} now", candidate.type, candidate.location));
        return false;
    }
    if (answer.verdict != Verdict::good) { return answer.to_error(); }
    INGOT_ASSIGN(server_, to_server(json::member(answer.body, "server")), "");
    auto ended = api_.wait_for_action_in(answer.body);
    if (ended) { ended = wait_for_status("off", api_.pace().action); }
    if (ended) { return true; }
    INGOT_TRY(api_.stop().check(), "");
    // The server was promised and then could not be had: what there is of it has to go, then the next may be tried.
    report_.note(image_, text::format("{} in {}: {}", candidate.type, candidate.location, ended.error().to_string()));
    INGOT_TRY(remove_servers(), "");
    server_ = {};
    return false;
}

Status TemporaryServer::create_server() {
    INGOT_ASSIGN(const auto type_values, api_.list("/server_types", "server_types"), "");
    std::vector<ServerType> types;
    for (const auto& value : type_values) {
        INGOT_ASSIGN(auto type, to_server_type(value), "");
        types.push_back(std::move(type));
    }
    INGOT_ASSIGN(const auto image_values,
                 api_.list("/images?type=system&status=available&architecture=" + wishes_.architecture, "images"),
                 "");
    std::vector<Snapshot> images;
    for (const auto& value : image_values) {
        INGOT_ASSIGN(auto image, to_snapshot(value), "");
        images.push_back(std::move(image));
    }
    INGOT_ASSIGN(const auto base, base_image(images, wishes_.architecture), "");
    INGOT_ASSIGN(const auto list, candidates(types, wishes_.architecture, wishes_.image_bytes, wishes_.wishes), "");
    for (int round = 1; round <= kRounds; ++round) {
        for (const auto& candidate : list) {
            report_.phase(image_, text::format("creating a server ({} in {})", candidate.type, candidate.location));
            INGOT_ASSIGN(const bool created, try_candidate(candidate, base), "creating a server");
            if (created) { return {}; }
        }
        if (round < kRounds) { INGOT_TRY(api_.pause(api_.pace().stock * round), ""); }
    }
    return fail(ErrorKind::transient,
                text::format("no server is to be had now: tried {} types and locations, {} times. Try later, or name "
                             "others with --server-type and --location",
                             list.size(), kRounds));
}

Status TemporaryServer::wait_for_status(std::string_view status, std::chrono::milliseconds patience) {
    const auto deadline = steady_clock::now() + patience;
    auto interval = api_.pace().poll;
    for (;;) {
        INGOT_ASSIGN(auto seen, api_.server(server_.id), "");
        if (!seen) { return fail(ErrorKind::transient, text::format("the server {} has vanished", server_.id)); }
        server_ = *std::move(seen);
        if (server_.status == status && !server_.locked) { return {}; }
        if (steady_clock::now() > deadline) {
            return fail(ErrorKind::transient,
                        text::format("the server is still '{}', not '{}'", server_.status, status));
        }
        INGOT_TRY(api_.pause(interval), "");
        interval = std::min(interval * 3 / 2, api_.pace().poll_most);
    }
}

/// An action that brings the server into a state, done when the server says that it is in it.
Status TemporaryServer::act(const std::string& action, const json::Json& body,
                            const std::function<bool(const Server&)>& is_done) {
    const auto look = [&]() -> Result<std::optional<json::Json>> {
        INGOT_ASSIGN(const auto seen, api_.server(server_.id), "");
        if (!seen) { return fail(ErrorKind::transient, text::format("the server {} has vanished", server_.id)); }
        return is_done(*seen) ? std::optional(json::Json::object()) : std::nullopt;
    };
    constexpr int kTries = 3; // of an action that was accepted and then failed
    for (int attempt = 1;; ++attempt) {
        INGOT_ASSIGN(const auto answer,
                     api_.make(text::format("/servers/{}/actions/{}", server_.id, action), body, look), "");
        auto ended =
            answer.verdict == Verdict::good ? api_.wait_for_action_in(answer.body) : Status(answer.to_error());
        if (ended || attempt == kTries) { return ended; }
        INGOT_TRY(api_.pause(api_.pace().backoff * attempt), "");
    }
}

Status TemporaryServer::enable_rescue() {
    report_.phase(image_, "starting the rescue system");
    INGOT_TRY(act("enable_rescue", {{"type", "linux64"}, {"ssh_keys", json::Json::array({key_})}},
                  [](const Server& server) { return server.rescue_enabled; }),
              "enabling the rescue system");
    return {};
}

Status TemporaryServer::power_on() {
    INGOT_TRY(act("poweron", json::Json::object(),
                  [](const Server& server) { return server.status == "running" || server.status == "starting"; }),
              "turning the server on");
    return {};
}

Status TemporaryServer::wait_until_off() {
    report_.phase(image_, "waiting until the server is off");
    const auto by_itself = wait_for_status("off", api_.pace().power_off);
    if (by_itself) { return {}; }
    INGOT_TRY(api_.stop().check(), "");
    // Everything is flushed and was read back, so turning it off takes nothing away.
    report_.note(image_, "the server does not turn itself off; turning it off");
    INGOT_TRY(act("poweroff", json::Json::object(), [](const Server& server) { return server.status == "off"; }),
              "turning the server off");
    return wait_for_status("off", api_.pace().action);
}

Result<Snapshot> TemporaryServer::snapshot(const std::string& description, const Labels& given) {
    report_.phase(image_, "taking the snapshot");
    auto all = given;
    all[kRun] = wishes_.run;
    const json::Json body = {{"type", "snapshot"}, {"description", description}, {"labels", to_json(all)}};
    const auto path = text::format("/servers/{}/actions/create_image", server_.id);
    constexpr int kTries = 2;
    for (int attempt = 1;; ++attempt) {
        INGOT_ASSIGN(const auto answer, api_.make(path, body, [&] { return find_by_run("images", "image"); }), "");
        if (answer.verdict != Verdict::good) { return answer.to_error(); }
        INGOT_ASSIGN(auto image, to_snapshot(json::member(answer.body, "image")), "");
        auto ended = Status();
        if (const auto& value = json::member(answer.body, "action"); value.is_object()) {
            INGOT_ASSIGN(auto action, to_action(value), "");
            auto result = api_.wait_for(std::move(action), api_.pace().snapshot, [&](int percent) {
                report_.percent(image_, "taking the snapshot", percent);
            });
            if (!result) { ended = Status(std::move(result).error()); }
        }
        const auto deadline = steady_clock::now() + api_.pace().snapshot;
        while (ended && image.status != "available") {
            if (steady_clock::now() > deadline) {
                ended =
                    fail(ErrorKind::transient, text::format("the snapshot {} is still '{}'", image.id, image.status));
                break;
            }
            INGOT_ASSIGN(const auto seen, api_.ask("GET", text::format("/images/{}", image.id)),
                         "looking at the snapshot");
            INGOT_ASSIGN(image, to_snapshot(json::member(seen, "image")), "");
            if (image.status != "available") { INGOT_TRY(api_.pause(api_.pace().poll), ""); }
        }
        if (ended) { return image; }
        if (attempt == kTries) { return std::move(ended).error(); }
        INGOT_TRY(api_.stop().check(), "");
        report_.note(image_, ended.error().to_string() + "; trying once more");
        INGOT_TRY(remove(api_, {.kind = "images", .id = image.id, .name = ""}), "");
    }
}

Status TemporaryServer::remove_servers() {
    INGOT_ASSIGN(const auto found, find_temporary(api_, wishes_.run), "");
    for (const auto& leftover : found) {
        if (leftover.kind == "servers") { INGOT_TRY(remove(api_, leftover), ""); }
    }
    return {};
}

std::vector<std::string> TemporaryServer::clean_up(bool keep_snapshot) {
    report_.phase(image_, "cleaning up");
    const auto how = text::format("`ingot upload hetzner --cleanup --run {}` removes it", wishes_.run);
    std::vector<std::string> left;
    auto found = find_temporary(api_, wishes_.run);
    auto snapshots = keep_snapshot ? Result<std::vector<json::Json>>(std::vector<json::Json>())
                                   : api_.list("/images?label_selector=" + selector(wishes_.run), "images");
    for (const auto* error : {found ? nullptr : &found.error(), snapshots ? nullptr : &snapshots.error()}) {
        if (error == nullptr) { continue; }
        left.push_back(
            text::format("it is not known what of this upload is still there ({}); a server costs money: {}",
                         error->to_string(), how));
    }
    auto things = found ? *std::move(found) : std::vector<Leftover>();
    for (const auto& value : snapshots ? *snapshots : std::vector<json::Json>()) {
        const auto snapshot = to_snapshot(value);
        if (snapshot) { things.push_back({.kind = "images", .id = snapshot->id, .name = snapshot->description}); }
    }
    for (const auto& thing : things) {
        const auto removed = remove(api_, thing);
        if (removed) { continue; }
        left.push_back(
            text::format("{} is still there ({}): {}", thing.to_string(), removed.error().to_string(), how));
    }
    return left;
}

} // namespace ingot::builder::publish::hetzner
