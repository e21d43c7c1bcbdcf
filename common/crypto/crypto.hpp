// Cryptography (OpenSSL): digests, secrets, X.509 issue and verify, SCRAM verifiers.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock/clock.hpp"
#include "common/result/result.hpp"

namespace ingot::crypto {

/// A text that must not be shown: it has no formatter and no stream operator, and is wiped when it dies.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret& operator=(const Secret& other);
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
    Secret& operator=(Secret&& other) noexcept;
    ~Secret() { wipe(); }
    /// The text itself; every call is a place to look at in a review.
    [[nodiscard]] const std::string& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }

  private:
    void wipe() noexcept;
    std::string value_;
};

std::string base64_encode(std::string_view bytes);
/// Standard alphabet, white space ignored. invalid_input otherwise.
Result<std::string> base64_decode(std::string_view text);
std::string hex_encode(std::string_view bytes);

/// SHA-256 of bytes in memory, as 64 hex digits.
std::string sha256_hex(std::string_view bytes);
/// SHA-256 of a file, streamed.
Result<std::string> sha256_file(const std::filesystem::path& path);
/// A SHA-256 that is fed in pieces.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;
    Sha256(Sha256&&) = delete;
    Sha256& operator=(Sha256&&) = delete;
    void update(std::string_view bytes);
    /// 64 hex digits; call once.
    [[nodiscard]] std::string finish_hex();

  private:
    void* context_;
};

/// `count` random bytes from OpenSSL's generator; aborts the program if there are none.
std::string random_bytes(std::size_t count);
/// A random UUID, version 4, lower case.
std::string random_uuid();
/// A random password of `length` letters and digits (5.9 bits each).
Secret random_password(std::size_t length = 24);

/// A PostgreSQL SCRAM-SHA-256 verifier (RFC 5803): "SCRAM-SHA-256$4096:<salt>$<stored>:<server>".
/// Passwords are ASCII here (SASLprep of anything else is refused as invalid_input).
Result<std::string> scram_verifier(const Secret& password, std::string_view salt_bytes, int iterations = 4096);
/// True if a text has the form of a verifier.
bool is_scram_verifier(std::string_view text);

/// A key and its certificate, PEM.
struct Identity {
    std::string certificate_pem;
    Secret key_pem; ///< PKCS#8
};

/// A self-signed CA, P-256, valid 10 years from `now` minus one hour. Subject: O=<cluster>, OU=<role>,
/// CN="<cluster> <role> CA". With a (non-critical, because Go refuses it otherwise) directoryName
/// constraint to O=<cluster>, OU=<role>: OpenSSL, hence PostgreSQL and HAProxy, refuses a leaf of another role.
/// `also`: other roles that it may sign for.
Result<Identity> make_ca(std::string_view cluster, std::string_view role, clock::WallTime now,
                         std::vector<std::string> also = {});

/// What a leaf certificate is to say. Always for server and client authentication.
struct LeafRequest {
    std::string cluster;
    std::string role;        ///< OU of the subject
    std::string common_name; ///< CN of the subject: the node's name
    std::vector<std::string> dns_names{};
    std::vector<std::string> ip_addresses{};
    std::chrono::days lifetime{30};
};

/// Makes a P-256 key and a certificate for it, signed by `ca`; valid from `now` minus one hour.
Result<Identity> issue_leaf(const Identity& ca, const LeafRequest& request, clock::WallTime now);

/// What a certificate says, for checks and for status.
struct CertificateInfo {
    std::string subject; ///< RFC 2253: "CN=db-1,OU=db,O=orders"
    std::string common_name;
    clock::WallTime not_before{};
    clock::WallTime not_after{};
    std::string fingerprint_sha256;
    std::vector<std::string> dns_names{};
    std::vector<std::string> ip_addresses{};
    bool is_ca = false;
};
Result<CertificateInfo> inspect_certificate(std::string_view pem);
/// Checks that a key belongs to a certificate: refused if not, invalid_input if either cannot be read.
Status check_key(std::string_view certificate_pem, const Secret& key_pem);
/// Checks that `leaf_pem` is signed by one of `ca_bundle_pem` and valid at `now`, and, if key_pem is not
/// empty, that the key belongs to it. refused with the reason otherwise.
Status verify_identity(std::string_view leaf_pem, const Secret& key_pem, std::string_view ca_bundle_pem,
                       clock::WallTime now);

} // namespace ingot::crypto
