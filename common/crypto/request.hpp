// Certificate requests (PKCS#10) and what it takes to judge one: a MAC, and whose a certificate is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/crypto.hpp"

namespace ingot::crypto {

/// A new P-256 key, PKCS#8.
Result<Secret> make_private_key();
/// A certificate request (PKCS#10, PEM) of that key. `wanted.lifetime` is not part of it.
Result<std::string> make_request(const Secret& key_pem, const LeafRequest& wanted);
/// A certificate for the key of a request, saying what `leaf` says: nothing else of the request is taken over. The
/// request has to be looked at before (inspect_request).
Result<std::string> sign_request(const Identity& ca, std::string_view request_pem, const LeafRequest& leaf,
                                 clock::WallTime now);

/// What a certificate request asks for.
struct RequestInfo {
    std::string subject;      ///< RFC 2253
    std::string organization; ///< O: the cluster
    std::string unit;         ///< OU: the role
    std::string common_name;
    std::vector<std::string> dns_names{};
    std::vector<std::string> ip_addresses{};
    bool asks_for_ca = false;
    bool signature_valid = false; ///< it is signed by its own key
    bool key_accepted = false;    ///< P-256, P-384 or Ed25519
    std::string key_kind;         ///< "RSA 1024"
    std::string key_sha256;       ///< of the public key
};
Result<RequestInfo> inspect_request(std::string_view request_pem);

/// Each certificate of a bundle as a PEM text of its own, in their order.
Result<std::vector<std::string>> split_certificates(std::string_view bundle_pem);

/// Whom a certificate names, and the key it is for.
struct CertificateOwner {
    std::string organization; ///< O: the cluster
    std::string unit;         ///< OU: the role
    std::string common_name;
    std::string key_sha256; ///< of the public key
};
Result<CertificateOwner> owner_of(std::string_view certificate_pem);

/// HMAC-SHA-256, 32 bytes.
std::string hmac_sha256(const Secret& key, std::string_view message);
/// Compares without telling by its time where the difference is.
bool same_bytes(std::string_view left, std::string_view right);

} // namespace ingot::crypto
