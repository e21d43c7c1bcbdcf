// What the own disk and the other founders say: the effects behind decide().
#pragma once

#include <memory>

#include "common/tls/server.hpp"
#include "firstboot/etcd/decide.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// The port on which an etcd node's agent answers other founders.
inline constexpr int kAttestPort = 2381;

/// True if etcd has written a log below the data folder.
bool has_write_ahead_log(const files::Root& root);

/// The record, and the mark in the data folder that belongs to it.
Result<std::optional<Founding>> read_founding(const files::Root& root);
/// Writes both, durably: the record last.
Status write_founding(const files::Root& root, const Founding& founding);

/// What this node says about itself.
Result<Attestation> attest(const NodeSpec& node, const files::Root& root);
/// Answers other founders from now on.
Result<std::unique_ptr<tls::Server>> serve_attestation(const NodeSpec& node, const files::Root& root);

/// Looks at the own disk, and asks the other founders, all at once, if the decision depends on them.
Result<Situation> observe(const NodeSpec& node, Environment& environment);

} // namespace ingot::firstboot
