// Who this node is to the others: /etc/ingot/pki.
//
// One function obtains the identity, so that how it is obtained can change: now the leaf is issued on
// the node itself from the role's CA key in the user-data; the join service will replace that.
#pragma once

#include <string>

#include "common/clock/clock.hpp"
#include "common/http/http.hpp"
#include "common/result/result.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// Makes sure that /etc/ingot/pki holds the trust bundles and a valid leaf for this node. A leaf that
/// names this node and has more than a third of its life left is kept. Returns true if it is a new one.
Result<bool> obtain_identity(const NodeSpec& node, Environment& environment);

/// True if the leaf at hand can be kept; pure.
bool is_good_leaf(std::string_view certificate_pem, const crypto::Secret& key, std::string_view ca_pem,
                  const NodeSpec& node, clock::WallTime now);

/// What the leaf of this node says.
crypto::LeafRequest leaf_request(const NodeSpec& node);

/// TLS towards nodes of a role: their CA, our identity. "all" trusts each of the three.
http::Tls tls_for(const files::Root& root, std::string_view ca);

} // namespace ingot::firstboot
