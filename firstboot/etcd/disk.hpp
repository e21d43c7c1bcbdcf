// What membership leaves on this node's disk, and the answer to those who ask for it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/files/files.hpp"
#include "common/tls/server.hpp"
#include "firstboot/etcd/founding.hpp"
#include "firstboot/node/node.hpp"

namespace ingot::firstboot {

inline constexpr std::uint16_t kAttestPort = 2381;
inline constexpr std::string_view kAttestPath = "/v1/attest";

/// There is an etcd log on the disk.
bool has_write_ahead_log(const files::Root& root);

Result<std::optional<Founding>> read_founding(const files::Root& root);
/// Durable when it returns.
Status write_founding(const files::Root& root, const Founding& founding);
/// True if the data folder is the one that was there when this record was written.
Result<bool> is_same_data_folder(const files::Root& root, const std::optional<Founding>& record);
/// On a disk without a record of this machine: draws the number that tells this disk from all others.
Status begin_record(const NodeSpec& node, const files::Root& root);

/// What this node answers to the others.
Result<Attestation> attest(const NodeSpec& node, const files::Root& root);

/// A member that asks names its own address ("/v1/attest?member=10.0.0.14"), so that the machine it asks learns of a
/// cluster that its user-data does not know.
std::string attest_path(std::string_view member_address);
/// The address in such a path; empty if there is none.
std::string caller_of(std::string_view path);

/// Answers the others on kAttestPort, with TLS and only to etcd nodes of this cluster. `on_member` is told the
/// addresses of members that ask, from a thread of the server.
Result<std::unique_ptr<tls::Server>> serve_attestation(const NodeSpec& node, const files::Root& root,
                                                       std::function<void(const std::string&)> on_member = {});

} // namespace ingot::firstboot
