#include "firstboot/view/client.hpp"

#include <algorithm>
#include <functional>
#include <optional>

#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "common/tls/client.hpp"
#include "firstboot/coordination/endpoints.hpp"
#include "firstboot/identity/identity.hpp"

namespace ingot::firstboot::view {

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 5s;
constexpr auto kOnTheWay = 2s; ///< beside the waiting itself

} // namespace

ViewClient::ViewClient(std::vector<std::string> addresses, http::Tls tls, std::string_view name, std::uint16_t port)
    : addresses_(std::move(addresses)), tls_(std::move(tls)), port_(port) {
    if (!addresses_.empty()) { current_ = std::hash<std::string_view>()(name) % addresses_.size(); }
}

Result<std::string> ViewClient::ask_one(const Question& question, std::chrono::milliseconds patience) {
    constexpr int kOk = 200;
    constexpr std::size_t kLongestAnswer = 8U << 20U;
    if (addresses_.empty()) { return fail(ErrorKind::bug, "no etcd node is known"); }
    auto answer = tls::ask({.address = addresses_[current_],
                            .port = port_,
                            .ca_file = tls_.ca_file,
                            .cert_file = tls_.cert_file,
                            .key_file = tls_.key_file,
                            .path = path_of(question),
                            .patience = patience,
                            .longest_answer = kLongestAnswer},
                           [&question](const std::string&) { return to_json_line(question); });
    if (answer && answer->status == kOk) { return std::move(answer->body); }
    const auto where = text::format("the agent at {}", addresses_[current_]);
    current_ = (current_ + 1) % addresses_.size();
    // Whatever it is, another one may see it differently, or this one in a minute: it has not heard of a new CA yet,
    // it has no quorum, it is being replaced.
    if (!answer) { return fail(ErrorKind::transient, answer.error().to_string()).with_context(where); }
    const auto object = json::parse(answer->body);
    const auto reason = object ? json::string_at(*object, "reason") : std::nullopt;
    return fail(ErrorKind::transient, reason.value_or(text::format("HTTP {}", answer->status))).with_context(where);
}

Result<std::string> ViewClient::ask(const Question& question, std::chrono::milliseconds patience) {
    std::optional<Error> failure;
    for (std::size_t tried = 0; tried == 0 || tried < addresses_.size(); ++tried) {
        auto answer = ask_one(question, patience);
        if (answer) { return answer; }
        if (!failure) { failure = std::move(answer).error(); }
    }
    return *std::move(failure);
}

Result<Listing> ViewClient::list(std::string_view prefix) {
    const auto doing = text::format("listing etcd keys below {}", prefix);
    INGOT_ASSIGN(const auto answer, ask(List{.prefix = std::string(prefix)}, kPatience), doing);
    INGOT_ASSIGN(auto listing, listing_from_json(answer), doing);
    return listing;
}

Result<bool> ViewClient::wait_for_change(std::string_view prefix, std::int64_t revision,
                                         std::chrono::milliseconds timeout) {
    const auto doing = text::format("watching etcd keys below {}", prefix);
    const auto patience = std::min<std::chrono::milliseconds>(timeout, kLongestWait);
    INGOT_ASSIGN(const auto answer,
                 ask_one(Wait{.prefix = std::string(prefix), .revision = revision, .patience = patience},
                         patience + kOnTheWay),
                 doing);
    INGOT_ASSIGN(const bool changed, changed_from_json(answer), doing);
    return changed;
}

Result<std::vector<EtcdMember>> ViewClient::members() {
    INGOT_ASSIGN(const auto answer, ask(Members{}, kPatience), "listing the members of etcd");
    INGOT_ASSIGN(auto members, members_from_json(answer), "listing the members of etcd");
    return members;
}

Status ViewClient::announce(std::string_view key, std::string_view value) {
    INGOT_TRY(ask(Announce{.key = std::string(key), .value = std::string(value)}, kPatience),
              text::format("writing etcd key {}", key));
    return {};
}

Status ViewClient::withdraw(std::string_view key) {
    INGOT_TRY(ask(Withdraw{.key = std::string(key)}, kPatience), text::format("removing etcd key {}", key));
    return {};
}

ViewClient open(const NodeSpec& node, const files::Root& root) {
    std::vector<std::string> addresses;
    for (const auto& [name, address] : addresses_to_try(root, node.config.etcd.founders)) {
        addresses.push_back(address);
    }
    return {std::move(addresses), tls_for(root, "etcd"), node.name};
}

} // namespace ingot::firstboot::view
