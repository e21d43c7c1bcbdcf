// What the gateway, and /metrics beside it, say about members.
#include <charconv>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"
#include "firstboot/coordination/cluster_client.hpp"
#include "firstboot/coordination/gateway.hpp"

namespace ingot::firstboot::gateway {

namespace {

using json::Json;

/// The value of `label` in `name{label="value",…} 1`.
std::optional<std::string_view> label_in(std::string_view line, std::string_view label) {
    const auto wanted = text::format("{}=\"", label);
    const auto start = line.find(wanted);
    if (start == std::string_view::npos) { return std::nullopt; }
    line.remove_prefix(start + wanted.size());
    return line.substr(0, line.find('"'));
}

double value_of(std::string_view line) {
    const auto space = line.rfind(' ');
    if (space == std::string_view::npos) { return 0; }
    line.remove_prefix(space + 1);
    double value = 0;
    std::from_chars(line.data(), line.data() + line.size(), value);
    return value;
}

} // namespace

EtcdMember member_from(const Json& entry) {
    return {.id = json::unsigned_at(entry, "ID").value_or(0),
            .name = json::string_at(entry, "name").value_or(""),
            .peer_urls = texts_at(entry, "peerURLs"),
            .client_urls = texts_at(entry, "clientURLs"),
            .learner = json::flag_at(entry, "isLearner")};
}

EtcdStatus status_from(const Json& answer) {
    const auto& header = json::member(answer, "header");
    const auto number = [&answer](std::string_view key) { return json::number_at(answer, key).value_or(0); };
    return {.cluster_id = json::unsigned_at(header, "cluster_id").value_or(0),
            .member_id = json::unsigned_at(header, "member_id").value_or(0),
            .leader = json::unsigned_at(answer, "leader").value_or(0),
            .learner = json::flag_at(answer, "isLearner"),
            .raft_index = number("raftIndex"),
            .applied_index = number("raftAppliedIndex"),
            .db_size = number("dbSize"),
            .db_in_use = number("dbSizeInUse"),
            .version = json::string_at(answer, "version").value_or(""),
            .errors = texts_at(answer, "errors")};
}

std::map<std::uint64_t, double> heard_from(std::string_view metrics) {
    constexpr int kHex = 16;
    std::map<std::uint64_t, double> heard;
    for (const auto& line : text::lines(metrics)) {
        if (!line.starts_with("etcd_network_peer_received_bytes_total{")) { continue; }
        const auto from = label_in(line, "From");
        std::uint64_t id = 0;
        if (from && std::from_chars(from->data(), from->data() + from->size(), id, kHex).ec == std::errc()) {
            heard[id] = value_of(line);
        }
    }
    return heard;
}

Result<SnapshotPiece> read_snapshot(std::string_view object) {
    INGOT_ASSIGN(const auto parsed, json::parse(object), "");
    const auto& result = json::member(parsed, "result");
    if (!result.is_object()) {
        const auto& error = json::member(parsed, "error");
        return fail(ErrorKind::transient, json::string_at(error, "message").value_or("etcd ended the snapshot"));
    }
    INGOT_ASSIGN(auto bytes, crypto::base64_decode(json::string_at(result, "blob").value_or("")), "");
    return SnapshotPiece{.bytes = std::move(bytes),
                         .remaining = json::unsigned_at(result, "remaining_bytes").value_or(0)};
}

} // namespace ingot::firstboot::gateway
