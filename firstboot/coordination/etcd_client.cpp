#include "firstboot/coordination/etcd_client.hpp"

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/gateway.hpp"

namespace ingot::firstboot {

namespace {

using json::Json;

/// The server gives its own verdict after 5 s plus two elections (7 s): it must arrive before we give up.
constexpr auto kTimeout = std::chrono::seconds(10);

KeyValue key_value_from(const Json& entry) {
    const auto decoded = [&entry](std::string_view name) {
        return crypto::base64_decode(json::string_at(entry, name).value_or("")).value_or("");
    };
    return {.key = decoded("key"),
            .value = decoded("value"),
            .create_revision = json::number_at(entry, "create_revision").value_or(0),
            .mod_revision = json::number_at(entry, "mod_revision").value_or(0),
            .lease = json::unsigned_at(entry, "lease").value_or(0)};
}

Json put_request(std::string_view key, std::string_view value, std::uint64_t lease) {
    Json put{{"key", crypto::base64_encode(key)}, {"value", crypto::base64_encode(value)}};
    if (lease != 0) { put["lease"] = std::to_string(lease); }
    return put;
}

} // namespace

EtcdClient::EtcdClient(http::HttpClient& http, std::vector<std::string> endpoints, http::Tls tls)
    : http_(http), endpoints_(std::move(endpoints)), tls_(std::move(tls)) {}

http::Request EtcdClient::request(std::string_view path, const Json& body) const {
    return {.method = "POST",
            .url = endpoints_[current_] + std::string(path),
            // Without a leader the member says so at once, where it would stall for seconds.
            .headers = {"Content-Type: application/json", "Grpc-Metadata-hasleader: true"},
            .body = json::to_line(body),
            .tls = tls_,
            .timeout = kTimeout};
}

void EtcdClient::fail_over() {
    proven_ = false;
    current_ = (current_ + 1) % endpoints_.size();
}

Result<Json> EtcdClient::post(std::string_view path, const Json& body) {
    if (endpoints_.empty()) { return fail(ErrorKind::bug, "an etcd client without endpoints"); }
    const auto sent = request(path, body);
    auto response = http_.send(sent);
    if (!response) {
        fail_over();
        auto error = std::move(response).error();
        // A certificate that does not verify now may do so in a minute: the clock is not set yet, a renewal is
        // under way. It is shown, and asked again; nothing is ever sent over such a connection.
        if (error.kind == ErrorKind::refused) { error.kind = ErrorKind::transient; }
        return error;
    }
    auto answer = gateway::interpret(*response, "etcd " + sent.url);
    if (answer || answer.error().kind != ErrorKind::transient) {
        proven_ = true;
    } else {
        fail_over();
    }
    return answer;
}

Result<Json> EtcdClient::read(std::string_view path, const Json& body) {
    std::optional<Error> failure;
    for (std::size_t tried = 0; tried == 0 || tried < endpoints_.size(); ++tried) {
        auto answer = post(path, body);
        if (answer || proven_) { return answer; }
        if (!failure) { failure = std::move(answer).error(); }
    }
    return *std::move(failure);
}

Result<Json> EtcdClient::change(std::string_view path, const Json& body) {
    if (!proven_) { INGOT_TRY(check_quorum(), ""); }
    return post(path, body);
}

Result<std::optional<KeyValue>> EtcdClient::get(std::string_view key) {
    INGOT_ASSIGN(const auto answer, read("/v3/kv/range", {{"key", crypto::base64_encode(key)}}),
                 text::format("reading etcd key {}", key));
    const auto& entries = json::member(answer, "kvs");
    if (!entries.is_array() || entries.empty()) { return std::optional<KeyValue>{}; }
    return std::optional(key_value_from(entries.front()));
}

Result<Listing> EtcdClient::list(std::string_view prefix) {
    INGOT_ASSIGN(const auto answer, read("/v3/kv/range", gateway::prefix_range(prefix)),
                 text::format("listing etcd keys below {}", prefix));
    Listing listing;
    listing.revision = json::number_at(json::member(answer, "header"), "revision").value_or(0);
    const auto& entries = json::member(answer, "kvs");
    if (entries.is_array()) {
        for (const auto& entry : entries) { listing.entries.push_back(key_value_from(entry)); }
    }
    return listing;
}

Status EtcdClient::put(std::string_view key, std::string_view value, std::uint64_t lease) {
    INGOT_TRY(change("/v3/kv/put", put_request(key, value, lease)), text::format("writing etcd key {}", key));
    return {};
}

Result<bool> EtcdClient::put_if(const Json& comparison, std::string_view key, std::string_view value,
                                std::uint64_t lease) {
    const Json body{{"compare", Json::array({comparison})},
                    {"success", Json::array({Json{{"request_put", put_request(key, value, lease)}}})}};
    INGOT_ASSIGN(const auto answer, change("/v3/kv/txn", body), text::format("writing etcd key {}", key));
    return json::flag_at(answer, "succeeded");
}

Result<bool> EtcdClient::create(std::string_view key, std::string_view value, std::uint64_t lease) {
    return put_if(
        {{"key", crypto::base64_encode(key)}, {"target", "CREATE"}, {"result", "EQUAL"}, {"create_revision", "0"}},
        key, value, lease);
}

Result<bool> EtcdClient::replace(std::string_view key, std::string_view value, std::int64_t mod_revision) {
    return put_if({{"key", crypto::base64_encode(key)},
                   {"target", "MOD"},
                   {"result", "EQUAL"},
                   {"mod_revision", std::to_string(mod_revision)}},
                  key, value, 0);
}

Status EtcdClient::remove(std::string_view key) {
    INGOT_TRY(change("/v3/kv/deleterange", {{"key", crypto::base64_encode(key)}}),
              text::format("removing etcd key {}", key));
    return {};
}

Result<bool> EtcdClient::remove_if(std::string_view key, std::int64_t mod_revision) {
    const auto encoded = crypto::base64_encode(key);
    const Json same{
        {"key", encoded}, {"target", "MOD"}, {"result", "EQUAL"}, {"mod_revision", std::to_string(mod_revision)}};
    const Json body{{"compare", Json::array({same})},
                    {"success", Json::array({Json{{"request_delete_range", Json{{"key", encoded}}}}})}};
    INGOT_ASSIGN(const auto answer, change("/v3/kv/txn", body), text::format("removing etcd key {}", key));
    return json::flag_at(answer, "succeeded");
}

Result<std::uint64_t> EtcdClient::grant_lease(std::chrono::seconds ttl) {
    INGOT_ASSIGN(const auto answer, change("/v3/lease/grant", {{"TTL", std::to_string(ttl.count())}}),
                 "asking etcd for a lease");
    const auto id = json::unsigned_at(answer, "ID");
    if (!id || *id == 0) { return fail(ErrorKind::transient, "etcd granted a lease without an id"); }
    return *id;
}

Result<bool> EtcdClient::keep_alive(std::uint64_t lease) {
    INGOT_ASSIGN(const auto answer, read("/v3/lease/keepalive", {{"ID", std::to_string(lease)}}),
                 "keeping an etcd lease alive");
    // A lease that is gone is answered with 200 and a TTL of 0, which is left out.
    return json::number_at(json::member(answer, "result"), "TTL").value_or(0) > 0;
}

Status EtcdClient::revoke_lease(std::uint64_t lease) {
    const auto answer = change("/v3/lease/revoke", {{"ID", std::to_string(lease)}});
    if (!answer && answer.error().kind != ErrorKind::not_found) {
        return Error(answer.error()).with_context("revoking an etcd lease");
    }
    return {};
}

Status EtcdClient::announce(std::string_view key, std::string_view value) {
    INGOT_ASSIGN(const auto present, get(key), "");
    // One lease for each key, and no other key on it: whoever may write the key can keep no other one alive.
    std::uint64_t lease = 0;
    if (present && present->lease != 0) {
        INGOT_ASSIGN(const bool alive, keep_alive(present->lease), "");
        if (alive && present->value == value) { return {}; }
        if (alive) { lease = present->lease; }
    }
    if (lease == 0) { INGOT_ASSIGN(lease, grant_lease(kAnnouncementTtl), ""); }
    return put(key, value, lease);
}

Status EtcdClient::withdraw(std::string_view key) {
    INGOT_ASSIGN(const auto present, get(key), "");
    if (!present) { return {}; }
    return present->lease == 0 ? remove(key) : revoke_lease(present->lease);
}

Result<bool> EtcdClient::wait_for_change(std::string_view prefix, std::int64_t revision,
                                         std::chrono::milliseconds timeout) {
    if (endpoints_.empty()) { return fail(ErrorKind::bug, "an etcd client without endpoints"); }
    const auto doing = text::format("watching etcd keys below {}", prefix);
    Json create = gateway::prefix_range(prefix);
    create["start_revision"] = std::to_string(revision + 1);
    auto watch = request("/v3/watch", Json{{"create_request", std::move(create)}});
    watch.timeout = timeout;

    gateway::ObjectSplitter splitter;
    auto news = gateway::WatchNews::nothing;
    const auto take = [&](std::string_view bytes) {
        return splitter.feed(bytes, [&news](std::string_view object) {
            news = gateway::read_watch(object);
            return news == gateway::WatchNews::nothing;
        });
    };
    auto ended = http_.stream(watch, take);
    if (!ended) {
        fail_over();
        return std::move(ended).error().with_context(doing);
    }
    if (news == gateway::WatchNews::lost) {
        fail_over();
        return fail(ErrorKind::transient, "etcd ended the watch").with_context(doing);
    }
    return news == gateway::WatchNews::change;
}

Result<std::vector<EtcdMember>> EtcdClient::members() {
    INGOT_ASSIGN(const auto answer, read("/v3/cluster/member/list", {{"linearizable", true}}),
                 "listing the members of etcd");
    std::vector<EtcdMember> members;
    const auto& list = json::member(answer, "members");
    if (!list.is_array()) { return members; }
    for (const auto& entry : list) {
        members.push_back({.id = json::unsigned_at(entry, "ID").value_or(0),
                           .name = json::string_at(entry, "name").value_or(""),
                           .peer_urls = gateway::texts_at(entry, "peerURLs"),
                           .client_urls = gateway::texts_at(entry, "clientURLs"),
                           .learner = json::flag_at(entry, "isLearner")});
    }
    return members;
}

Status EtcdClient::check_quorum() {
    INGOT_TRY(read("/v3/kv/range", {{"key", crypto::base64_encode("/ingot/quorum")}, {"count_only", true}}),
              "asking etcd for a quorum");
    return {};
}

std::string ingot_key(std::string_view cluster, std::string_view rest) {
    return text::format("/ingot/{}/{}", cluster, rest);
}

std::string patroni_key(std::string_view cluster, std::string_view rest) {
    return text::format("/service/{}/{}", cluster, rest);
}

} // namespace ingot::firstboot
