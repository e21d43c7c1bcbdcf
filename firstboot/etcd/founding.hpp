// What membership leaves on a disk, and what etcd nodes tell each other about it.
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
// A machine that joins a running cluster goes another way to the same end:
//
//   virgin → joining   the cluster lists it as a learner, under an id that never ran
//   joining → started → member   as above
//
//   member → removed   the cluster has it no more; its data was put aside; it may join, never found
//   member → left      as removed, because a person said so: it stays away
//
// A founder that has lost its disk is virgin again while the others are committed: it can tell, and
// joins instead. The token is a digest of the cluster's id, the founders, their instance-ids and a random
// number that each of them draws on an empty disk, so machines made anew never come to the token, and by
// that to the ids, of the cluster that was.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result/result.hpp"

namespace ingot::firstboot {

/// In the order in which it grows: whoever is committed or further knows of a cluster.
enum class Phase { virgin, prepared, committed, joining, started, member, removed, left };
std::string_view to_string(Phase phase);

/// The record on this node's disk: /var/lib/ingot/etcd.json.
struct Founding {
    std::string cluster_id;
    std::string name;        ///< of this member
    std::string instance_id; ///< of this machine
    Phase phase = Phase::virgin;
    std::string token;              ///< --initial-cluster-token
    std::string initial_cluster;    ///< --initial-cluster
    std::string nonce{};            ///< random, drawn on the empty disk
    bool joined = false;            ///< came as a learner, not as a founder
    std::uint64_t member_id = 0;    ///< once known
    std::uint64_t etcd_cluster = 0; ///< etcd's own id of the cluster, once known
    bool leaving = false;           ///< a person asked it to leave
    /// etcd's ids of the clusters that a person gave up by recovering from a snapshot here; until the new cluster
    /// has them written down.
    std::vector<std::uint64_t> recovered_from{};

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
    std::string nonce{};

    bool operator==(const Attestation&) const = default;
};

std::string to_json_line(const Attestation& attestation);
Result<Attestation> attestation_from_json(std::string_view text);

using Founders = std::map<std::string, std::string>; ///< name → address

/// Who a founder is, down to the disk: the same machine on another disk is another one.
std::string identity_of(std::string_view instance_id, std::string_view nonce);
/// The token of the cluster that these founders found. `identities`: name → identity_of().
std::string founding_token(std::string_view cluster_id, const Founders& founders,
                           const std::map<std::string, std::string>& identities);
/// A token that nothing leads to: 128 random bits, in hex.
std::string random_token();
/// "etcd-1=https://10.0.0.11:2380,…"
std::string initial_cluster(const Founders& founders);
/// etcd's ids as it prints them itself: "8e9e05c52164694d".
std::string hex_id(std::uint64_t id);
/// "https://10.0.0.11:2379", with brackets for IPv6.
std::string url_of(std::string_view address, int port);

inline constexpr int kClientPort = 2379;
inline constexpr int kPeerPort = 2380;

} // namespace ingot::firstboot
