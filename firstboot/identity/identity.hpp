// Who this node is to the others: /etc/ingot/pki.
//
// A node that holds its CA's key (etcd) issues its certificate itself; the others ask the etcd nodes
// (firstboot/join). The newest generation of CAs that the node has heard of, from its user-data or from a signer, is
// kept on its disk: user-data cannot be changed at every provider, and must not turn back what was rotated meanwhile.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/clock/clock.hpp"
#include "common/http/http.hpp"
#include "common/result/result.hpp"
#include "firstboot/coordination/session.hpp"
#include "firstboot/join/client.hpp"
#include "firstboot/node/node.hpp"
#include "firstboot/system/environment.hpp"

namespace ingot::firstboot {

/// /etc/ingot/pki. What is written there belongs to group ingot: the agent may not give files away.
Status make_pki_folder(const files::Root& root);

/// Makes sure that /etc/ingot/pki holds the trust bundles and a valid leaf for this node. A leaf that names this
/// node, is of the CA that signs now and has more than two thirds of its life left is kept. Returns true if it is a
/// new one. transient, with what each signer said, while nobody signs.
Result<bool> obtain_identity(const NodeSpec& node, const cloud_init::AccessConfig& access, Environment& environment);
/// Of a node that issues for itself.
Result<bool> obtain_identity(const NodeSpec& node, Environment& environment);

/// Asks a signer whether the CAs have changed, and keeps what it says if it is newer; tells it which generation this
/// node has. Returns the addresses that are shut out because a node there was revoked; nothing if that is not known,
/// as on etcd nodes, which ask etcd themselves.
Result<std::optional<std::vector<std::string>>>
refresh_trust(const NodeSpec& node, const cloud_init::AccessConfig& access, Environment& environment);

/// On an etcd node, which asks no signer: writes down which generation it has itself.
Status record_generation(const NodeSpec& node, const Environment& environment, EtcdSession& etcd);

/// Whether a leaf can be used, and whether it is time for another one; pure.
enum class LeafState { good, due, useless };
LeafState judge_leaf(std::string_view certificate_pem, const crypto::Secret& key, std::string_view ca_bundle_pem,
                     const NodeSpec& node, clock::WallTime now);

/// What the leaf of this node says.
crypto::LeafRequest leaf_request(const NodeSpec& node);

/// The newest trust that this node knows: the user-data's, which is of that generation, or what it kept.
Result<join::Trust> newest_trust(const NodeSpec& node, int generation, const files::Root& root);

/// What this node last said about itself: /var/lib/ingot/identity.json.
struct Whoami {
    std::string cluster;
    std::string cluster_id;
    std::string role;
    std::string name;
    std::string address;
    int generation = 0;
    std::string until; ///< when the certificate ends
};
Result<Whoami> read_identity(const files::Root& root);

/// User-data that `ingot-agent trust accept` took, where the provider's cannot be changed.
inline constexpr std::string_view kAcceptedFile = "/var/lib/ingot/accepted-user-data";
/// Puts its CAs and tokens in place of older ones. Does nothing if there is none, or it is another cluster's.
void adopt_accepted(cloud_init::NodeData& data, const files::Root& root);

/// TLS towards nodes of a role: their CA, our identity. "all" trusts each of the three.
http::Tls tls_for(const files::Root& root, std::string_view ca);

} // namespace ingot::firstboot
