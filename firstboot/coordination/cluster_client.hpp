// What only those who look after etcd itself ask of it: its members, their state, its space.
//
// Keys and leases are EtcdClient's. A change of the membership is sent once, to an endpoint that has just proven that
// it has a quorum: where it may have happened although no answer came, it is transient: list again.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "firstboot/coordination/etcd_client.hpp"

namespace ingot::firstboot {

/// Who answered, by the header of a linearizable read: there is a quorum.
struct EtcdIdentity {
    std::uint64_t cluster_id = 0;
    std::uint64_t member_id = 0; ///< of the member that was asked
    std::int64_t revision = 0;
};

/// What one member says of itself; it needs no quorum for it.
struct EtcdStatus {
    std::uint64_t cluster_id = 0;
    std::uint64_t member_id = 0;
    std::uint64_t leader = 0; ///< 0: it knows none
    bool learner = false;
    std::int64_t raft_index = 0;
    std::int64_t applied_index = 0;
    std::int64_t db_size = 0;
    std::int64_t db_in_use = 0;
    std::string version{};
    std::vector<std::string> errors{};
};

struct EtcdAlarm {
    std::uint64_t member_id = 0;
    std::string kind; ///< "NOSPACE", "CORRUPT"
};

class ClusterClient : public EtcdClient {
  public:
    ClusterClient(http::HttpClient& http, std::vector<std::string> endpoints, http::Tls tls);

    Result<EtcdIdentity> identify();

    /// Returns the new member and, after it, all members as they are now. Nothing but a learner is ever left behind.
    Result<std::vector<EtcdMember>> add_learner(std::string_view peer_url);
    /// Success as well if it is no member any more.
    Status remove_member(std::uint64_t id);
    Status promote_member(std::uint64_t id);
    Status compact(std::int64_t revision);
    Result<std::vector<EtcdAlarm>> alarms();
    Status disarm(const EtcdAlarm& alarm);

    // What concerns the member at the first endpoint alone: these never go to another one.
    Result<EtcdStatus> status();
    Status move_leader(std::uint64_t target);
    /// Blocks that member; `patience` is for the whole of it.
    Status defragment(std::chrono::seconds patience);
    /// The database, in pieces, with its digest at the end, as `etcdctl snapshot restore` reads it.
    Status snapshot(const std::function<Status(std::string_view)>& take, std::chrono::seconds patience);

  private:
    [[nodiscard]] http::Request request(std::string_view endpoint, std::string_view path, const json::Json& body,
                                        std::chrono::milliseconds timeout) const;
    Result<json::Json> post(std::string_view endpoint, std::string_view path, const json::Json& body,
                            std::chrono::milliseconds timeout);
    /// Each endpoint once, until one has a quorum; that one comes first from then on.
    Result<json::Json> read(std::string_view path, const json::Json& body);
    /// Once, to an endpoint that has just proven that it has a quorum.
    Result<json::Json> change(std::string_view path, const json::Json& body);

    http::HttpClient& http_;
    std::vector<std::string> endpoints_;
    http::Tls tls_;
    std::size_t current_ = 0;
};

/// A client that owns its connections. For one thread at a time.
class ClusterSession {
  public:
    ClusterSession(std::unique_ptr<http::HttpClient> http, std::vector<std::string> endpoints, http::Tls tls)
        : http_(std::move(http)), client_(*http_, std::move(endpoints), std::move(tls)) {}
    ClusterClient* operator->() { return &client_; }
    ClusterClient& operator*() { return client_; }

  private:
    std::unique_ptr<http::HttpClient> http_;
    ClusterClient client_;
};

namespace gateway {

/// A member as the lists of the gateway have it.
EtcdMember member_from(const json::Json& entry);
EtcdStatus status_from(const json::Json& answer);
/// etcd_network_peer_received_bytes_total in the text of /metrics: how much this member has heard from each other.
/// (etcd_network_active_peers can stay at 1 for minutes after a peer lost its power.)
std::map<std::uint64_t, double> heard_from(std::string_view metrics);

/// One piece of a snapshot.
struct SnapshotPiece {
    std::string bytes;
    std::uint64_t remaining = 0;
};
Result<SnapshotPiece> read_snapshot(std::string_view object);

} // namespace gateway

} // namespace ingot::firstboot
