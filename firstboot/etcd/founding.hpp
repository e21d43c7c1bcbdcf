// What founding an etcd cluster leaves on a disk, and what founders tell each other about it.
//
// An etcd cluster formed twice from the same configuration has the same cluster id and the same member
// ids, so etcd itself would let a wiped member merge with the survivors and lose their data. Ingot
// therefore founds in rounds that each founder records durably before it goes on:
//
//   virgin → prepared   every founder has answered, and none has data or has gone further
//   prepared → committed   every founder is prepared with the same token
//   committed → started   the moment before etcd is started for the first time
//   started → member   etcd has written its log and the cluster has had a quorum
//
// A founder that has lost its disk is virgin again while the others are committed: it can tell, and
// refuses. The token is a digest of the cluster's id, the founders and their instance-ids, so machines
// made anew never come to the token, and by that to the ids, of the cluster that was.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::firstboot {

enum class Phase { virgin, prepared, committed, started, member };
std::string_view to_string(Phase phase);

/// The record on this node's disk: /var/lib/ingot/etcd.json.
struct Founding {
    std::string cluster_id;
    std::string name;        ///< of this member
    std::string instance_id; ///< of this machine
    Phase phase = Phase::virgin;
    std::string token;           ///< --initial-cluster-token
    std::string initial_cluster; ///< --initial-cluster

    bool operator==(const Founding&) const = default;
};

std::string to_json_text(const Founding& founding);
Result<Founding> founding_from_json(std::string_view text);

/// What a founder says about itself when another one asks.
struct Attestation {
    std::string cluster_id;
    std::string name;
    std::string instance_id;
    Phase phase = Phase::virgin;
    std::string token;
    bool has_data = false; ///< there is a write-ahead log

    bool operator==(const Attestation&) const = default;
};

std::string to_json_line(const Attestation& attestation);
Result<Attestation> attestation_from_json(std::string_view text);

using Founders = std::map<std::string, std::string>; ///< name → address

/// The token of the cluster that these founders, as these instances, found. `instances`: name → instance-id.
std::string founding_token(std::string_view cluster_id, const Founders& founders,
                           const std::map<std::string, std::string>& instances);
/// "etcd-1=https://10.0.0.11:2380,…"
std::string initial_cluster(const Founders& founders);
/// "https://10.0.0.11:2379", with brackets for IPv6.
std::string url_of(std::string_view address, int port);

} // namespace ingot::firstboot
