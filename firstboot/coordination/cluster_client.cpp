#include "firstboot/coordination/cluster_client.hpp"

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/gateway.hpp"

namespace ingot::firstboot {

namespace {

using json::Json;

/// The server gives its own verdict after 5 s plus two elections (7 s): it must arrive before we give up.
constexpr auto kClusterTimeout = std::chrono::seconds(10);
constexpr auto kStatusTimeout = std::chrono::seconds(3);

std::vector<EtcdMember> members_from(const Json& answer) {
    std::vector<EtcdMember> members;
    const auto& list = json::member(answer, "members");
    if (!list.is_array()) { return members; }
    for (const auto& entry : list) { members.push_back(gateway::member_from(entry)); }
    return members;
}

} // namespace

ClusterClient::ClusterClient(http::HttpClient& http, std::vector<std::string> endpoints, http::Tls tls)
    : EtcdClient(http, endpoints, tls), http_(http), endpoints_(std::move(endpoints)), tls_(std::move(tls)) {}

http::Request ClusterClient::request(std::string_view endpoint, std::string_view path, const Json& body,
                                     std::chrono::milliseconds timeout) const {
    std::vector<std::string> headers = {"Content-Type: application/json"};
    // Without a leader the member says so at once, where it would stall for seconds. Its status it gives all the
    // same.
    if (!path.starts_with("/v3/maintenance/")) { headers.emplace_back("Grpc-Metadata-hasleader: true"); }
    return {.method = "POST",
            .url = text::format("{}{}", endpoint, path),
            .headers = std::move(headers),
            .body = json::to_line(body),
            .tls = tls_,
            .timeout = timeout};
}

Result<Json> ClusterClient::post(std::string_view endpoint, std::string_view path, const Json& body,
                                 std::chrono::milliseconds timeout) {
    const auto sent = request(endpoint, path, body, timeout);
    auto response = http_.send(sent);
    if (!response) {
        auto error = std::move(response).error();
        // Certificates that do not verify now may do so in a minute: the clock is not set yet, a renewal is under
        // way.
        if (error.kind == ErrorKind::refused) { error.kind = ErrorKind::transient; }
        return error;
    }
    return gateway::interpret(*response, "etcd " + sent.url);
}

Result<Json> ClusterClient::read(std::string_view path, const Json& body) {
    Result<Json> answer = fail(ErrorKind::transient, "no member of etcd is known that could be asked");
    for (std::size_t tried = 0; tried < endpoints_.size(); ++tried) {
        answer = post(endpoints_[current_], path, body, kClusterTimeout);
        if (answer || answer.error().kind != ErrorKind::transient) { return answer; }
        current_ = (current_ + 1) % endpoints_.size();
    }
    return answer;
}

Result<Json> ClusterClient::change(std::string_view path, const Json& body) {
    INGOT_TRY(identify(), "");
    return post(endpoints_[current_], path, body, kClusterTimeout);
}

Result<EtcdIdentity> ClusterClient::identify() {
    INGOT_ASSIGN(const auto answer,
                 read("/v3/kv/range", {{"key", crypto::base64_encode("/ingot/quorum")}, {"count_only", true}}),
                 "asking etcd for a quorum");
    const auto& header = json::member(answer, "header");
    return EtcdIdentity{.cluster_id = json::unsigned_at(header, "cluster_id").value_or(0),
                        .member_id = json::unsigned_at(header, "member_id").value_or(0),
                        .revision = json::number_at(header, "revision").value_or(0)};
}

Result<std::vector<EtcdMember>> ClusterClient::add_learner(std::string_view peer_url) {
    const Json body{{"peerURLs", Json::array({std::string(peer_url)})}, {"isLearner", true}};
    INGOT_ASSIGN(const auto answer, change("/v3/cluster/member/add", body), "adding a learner to etcd");
    const auto added = gateway::member_from(json::member(answer, "member"));
    // A server that did not understand the word would have added a voter, which can cost the quorum.
    if (!added.learner) {
        if (added.id != 0) { INGOT_TRY(remove_member(added.id), "taking back a member that was added as a voter"); }
        return fail(ErrorKind::refused, "etcd did not add the new member as a learner; it was taken back");
    }
    std::vector<EtcdMember> members{added};
    for (auto& member : members_from(answer)) { members.push_back(std::move(member)); }
    return members;
}

Status ClusterClient::remove_member(std::uint64_t id) {
    const auto answer = change("/v3/cluster/member/remove", {{"ID", std::to_string(id)}});
    if (!answer && answer.error().kind != ErrorKind::not_found) {
        return Error(answer.error()).with_context("removing a member of etcd");
    }
    return {};
}

Status ClusterClient::promote_member(std::uint64_t id) {
    INGOT_TRY(change("/v3/cluster/member/promote", {{"ID", std::to_string(id)}}), "promoting a learner of etcd");
    return {};
}

Result<EtcdStatus> ClusterClient::status() {
    INGOT_ASSIGN(const auto answer,
                 post(endpoints_.front(), "/v3/maintenance/status", Json::object(), kStatusTimeout),
                 "asking a member of etcd for its status");
    return gateway::status_from(answer);
}

Status ClusterClient::move_leader(std::uint64_t target) {
    INGOT_TRY(post(endpoints_.front(), "/v3/maintenance/transfer-leadership", {{"targetID", std::to_string(target)}},
                   kClusterTimeout),
              "handing the leadership of etcd over");
    return {};
}

Status ClusterClient::defragment(std::chrono::seconds patience) {
    INGOT_TRY(post(endpoints_.front(), "/v3/maintenance/defragment", Json::object(), patience),
              "defragmenting a member of etcd");
    return {};
}

Status ClusterClient::snapshot(const std::function<Status(std::string_view)>& take, std::chrono::seconds patience) {
    const auto sent = request(endpoints_.front(), "/v3/maintenance/snapshot", Json::object(), patience);
    gateway::ObjectSplitter splitter;
    Status taken;
    bool complete = false;
    const auto take_object = [&](std::string_view object) {
        const auto piece = gateway::read_snapshot(object);
        if (!piece) {
            taken = piece.error();
            return false;
        }
        complete = piece->remaining == 0;
        taken = take(piece->bytes);
        return taken.has_value();
    };
    const auto feed = [&](std::string_view bytes) { return splitter.feed(bytes, take_object); };
    INGOT_TRY(http_.stream(sent, feed), "reading a snapshot of etcd");
    INGOT_TRY(std::move(taken), "reading a snapshot of etcd");
    if (!complete) { return fail(ErrorKind::transient, "the snapshot of etcd broke off"); }
    return {};
}

Status ClusterClient::compact(std::int64_t revision) {
    INGOT_TRY(change("/v3/kv/compaction", {{"revision", std::to_string(revision)}, {"physical", true}}),
              "compacting etcd");
    return {};
}

Result<std::vector<EtcdAlarm>> ClusterClient::alarms() {
    INGOT_ASSIGN(const auto answer, read("/v3/maintenance/alarm", {{"action", "GET"}}), "asking etcd for alarms");
    std::vector<EtcdAlarm> alarms;
    const auto& list = json::member(answer, "alarms");
    if (!list.is_array()) { return alarms; }
    for (const auto& entry : list) {
        alarms.push_back({.member_id = json::unsigned_at(entry, "memberID").value_or(0),
                          .kind = json::string_at(entry, "alarm").value_or("NONE")});
    }
    return alarms;
}

Status ClusterClient::disarm(const EtcdAlarm& alarm) {
    INGOT_TRY(
        change("/v3/maintenance/alarm",
               {{"action", "DEACTIVATE"}, {"memberID", std::to_string(alarm.member_id)}, {"alarm", alarm.kind}}),
        "clearing an alarm of etcd");
    return {};
}

} // namespace ingot::firstboot
