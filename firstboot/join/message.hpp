// What goes over the wire of the join service, port 2382.
//
//   POST /v1/sign    {"version":1,"generation":…,"role":…,"name":…,"csr":PEM,
//                     "epoch":…,"nonce":base64,"mac":base64}          the last three only without certificate
//              200   {"certificate":PEM,"trust":{…}}      403, 503   {"reason":…}
//   GET  /v1/trust   {"generation":…}    of the trust under which the certificate shown was made
//              200   {"generation":…,"etcd_ca":PEM,"db_ca":PEM,"proxy_ca":PEM,"shut_out":[address,…]}
//              403   {"reason":…}       without a certificate, or of a node that was revoked
//
// The role token never travels. What does is HMAC-SHA-256(token, …) over the TLS exporter of this very connection,
// the request and a nonce: whoever records it, or sits in between with a connection of his own to each side, has a
// MAC that fits no other connection.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cloud-init/userdata/access.hpp"
#include "common/crypto/crypto.hpp"
#include "common/result/result.hpp"

namespace ingot::firstboot::join {

inline constexpr std::uint16_t kPort = 2382;
inline constexpr std::string_view kSignPath = "/v1/sign";
inline constexpr std::string_view kTrustPath = "/v1/trust";

/// Whom to trust: what every node has to have the same.
struct Trust {
    int generation = 1;
    std::string etcd_ca;
    std::string db_ca;
    std::string proxy_ca;

    bool operator==(const Trust&) const = default;
};
Trust trust_of(const cloud_init::Pki& pki, int generation);
std::string to_json_text(const Trust& trust);
/// invalid_input if it is not whole, or a CA of it is none.
Result<Trust> trust_from_json(std::string_view text);

/// What a signer says when it is asked whom to trust.
struct TrustAnswer {
    Trust trust;
    /// Addresses that no node talks to any more (join/shut_out.hpp); nothing: the signer does not know at the moment.
    std::optional<std::vector<std::string>> shut_out{};
};
std::string to_json_text(const TrustAnswer& answer);
Result<TrustAnswer> trust_answer_from_json(std::string_view text);

/// What a node says of itself when it asks whom to trust. 0, also for what cannot be read: it does not say.
std::string generation_to_json(int generation);
int generation_from_json(std::string_view text);

/// That the sender holds a token.
struct Proof {
    int epoch = 0;
    std::string nonce; ///< 16 bytes
    std::string mac;   ///< 32 bytes
};

struct SignRequest {
    int generation = 1; ///< of the trust that the sender has
    std::string role;
    std::string name;
    std::string csr_pem;
    std::optional<Proof> proof{};
};
std::string to_json_line(const SignRequest& request);
Result<SignRequest> sign_request_from_json(std::string_view text);

struct Grant {
    std::string certificate_pem;
    Trust trust;
};
std::string to_json_line(const Grant& grant);
Result<Grant> grant_from_json(std::string_view text);

/// The MAC of a request on a connection.
std::string mac_of(const crypto::Secret& token, std::string_view binding, const SignRequest& request,
                   std::string_view nonce);
Proof make_proof(const cloud_init::RoleToken& token, std::string_view binding, const SignRequest& request);

} // namespace ingot::firstboot::join
