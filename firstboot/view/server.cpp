#include "firstboot/view/server.hpp"

#include <algorithm>
#include <variant>

#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "firstboot/join/claims.hpp"

namespace ingot::firstboot::view {

namespace {

using namespace std::chrono_literals;

constexpr auto kRevocationsAre = 5s; ///< how old they may be
constexpr double kWritesAtOnce = 10; ///< a switchover takes two
constexpr double kWritesPerSecond = 1;
constexpr double kComplaintsAtOnce = 3; ///< lines of the log
constexpr double kComplaintsPerSecond = 0.1;

constexpr int kBadRequest = 400;
constexpr int kForbidden = 403;
constexpr int kNotFound = 404;
constexpr int kUnavailable = 503;

int status_of(ErrorKind kind) {
    switch (kind) {
    case ErrorKind::refused: return kForbidden;
    case ErrorKind::not_found: return kNotFound;
    case ErrorKind::invalid_input: return kBadRequest;
    default: return kUnavailable;
    }
}

Result<std::string> ask(EtcdView& etcd, const Question& question) {
    if (const auto* const list = std::get_if<List>(&question)) {
        INGOT_ASSIGN(const auto listing, etcd.list(list->prefix), "");
        return to_json_line(listing);
    }
    if (const auto* const wait = std::get_if<Wait>(&question)) {
        INGOT_ASSIGN(const bool changed, etcd.wait_for_change(wait->prefix, wait->revision, wait->patience), "");
        return changed_to_json(changed);
    }
    if (std::holds_alternative<Members>(question)) {
        INGOT_ASSIGN(const auto members, etcd.members(), "");
        return to_json_line(members);
    }
    if (const auto* const announce = std::get_if<Announce>(&question)) {
        INGOT_TRY(etcd.announce(announce->key, announce->value), "");
        return std::string("{}");
    }
    INGOT_TRY(etcd.withdraw(std::get<Withdraw>(question).key), "");
    return std::string("{}");
}

bool is_write(const Question& question) {
    return std::holds_alternative<Announce>(question) || std::holds_alternative<Withdraw>(question);
}

} // namespace

Clerk::Clerk(std::string cluster, Environment& environment, std::function<EtcdSession()> open)
    : cluster_(std::move(cluster)), environment_(environment), open_(std::move(open)),
      writes_(kWritesAtOnce, kWritesPerSecond), complaints_(kComplaintsAtOnce, kComplaintsPerSecond) {}

std::unique_ptr<EtcdSession> Clerk::take() {
    {
        const std::lock_guard lock(mutex_);
        if (!idle_.empty()) {
            auto session = std::move(idle_.back());
            idle_.pop_back();
            return session;
        }
    }
    return std::make_unique<EtcdSession>(open_());
}

void Clerk::give_back(std::unique_ptr<EtcdSession> session) {
    constexpr std::size_t kMany = 8;
    const std::lock_guard lock(mutex_);
    if (idle_.size() < kMany) { idle_.push_back(std::move(session)); }
}

Status Clerk::check_revoked(const tls::Request& request, const Caller& caller, EtcdSession& etcd) {
    const auto now = environment_.clock.monotonic();
    bool old = false;
    {
        const std::lock_guard lock(mutex_);
        old = revoked_read_ == clock::Monotonic() || now - revoked_read_ > kRevocationsAre;
    }
    if (old) {
        INGOT_ASSIGN(auto revoked, join::Claims(*etcd, cluster_).revocations(), "");
        const std::lock_guard lock(mutex_);
        revoked_ = std::move(revoked);
        revoked_read_ = now;
    }
    const std::lock_guard lock(mutex_);
    // By the rule by which nobody would sign for him.
    const auto verdict = join::decide({.role = cloud_init::Role::proxy,
                                       .name = caller.name,
                                       .address = request.address,
                                       .key_sha256 = caller.key_sha256},
                                      {.revoked = revoked_}, environment_.clock.now());
    if (const auto* const refused = std::get_if<join::Refuse>(&verdict)) {
        return fail(ErrorKind::refused, refused->reason);
    }
    return {};
}

Status Clerk::check_pace(const Caller& caller, const Question& question) {
    if (!is_write(question)) { return {}; }
    const std::lock_guard lock(mutex_);
    if (writes_.allows(caller.name, environment_.clock.monotonic())) { return {}; }
    return fail(ErrorKind::transient, text::format("{} writes too often", caller.name));
}

Result<std::string> Clerk::answer(const tls::Request& request, const Caller& caller, const Question& question) {
    INGOT_TRY(check_pace(caller, question), "");
    auto session = take();
    INGOT_TRY(check_revoked(request, caller, *session), "");
    INGOT_ASSIGN(auto body, ask(**session, question), "");
    give_back(std::move(session));
    return body;
}

tls::Response Clerk::refuse(const Error& error, const std::string& who) {
    if (error.kind == ErrorKind::refused) {
        const std::lock_guard lock(mutex_);
        if (complaints_.allows(who, environment_.clock.monotonic())) {
            log::warning(text::format("view: refused {}: {}", who, error.to_string()));
        }
    }
    return {.status = status_of(error.kind), .body = json::to_line({{"reason", error.to_string()}})};
}

tls::Response Clerk::answer(const tls::Request& request) {
    const auto caller = caller_from(request.certificate_pem, cluster_);
    if (!caller) { return refuse(caller.error(), request.address); }
    const auto asked = request.method == "POST" ? question_from(request.path, request.body)
                                                : fail(ErrorKind::not_found, "there is nothing here");
    if (!asked) { return refuse(asked.error(), caller->name); }
    const auto allowed = judge(cluster_, *caller, *asked);
    if (!allowed) { return refuse(allowed.error(), caller->name); }
    auto body = answer(request, *caller, *allowed);
    if (!body) { return refuse(body.error(), caller->name); }
    return {.body = *std::move(body)};
}

Result<std::unique_ptr<tls::Server>> serve(const NodeSpec& node, Environment& environment,
                                           std::function<EtcdSession()> open, std::uint16_t port) {
    constexpr unsigned kThreads = 64; // each proxy waits with two
    constexpr unsigned kForOne = 6;
    const auto pki = [&environment](std::string_view file) {
        return environment.root.at(text::format("{}/{}", paths::kPki, file));
    };
    const auto clerk = std::make_shared<Clerk>(node.config.cluster, environment, std::move(open));
    return tls::Server::start({.address = node.address,
                               .port = port,
                               .ca_file = pki("ca-proxy.crt"),
                               .cert_file = pki("node.crt"),
                               .key_file = pki("node.key"),
                               .threads = kThreads,
                               .per_address = kForOne,
                               .refused =
                                   [](const std::string& address, const std::string& reason) {
                                       log::warning(text::format("view: no TLS with {}: {}", address, reason));
                                   }},
                              [clerk](const tls::Request& request) { return clerk->answer(request); });
}

} // namespace ingot::firstboot::view
