// Whether a certificate is signed: pure, so that every refusal has a row in a table.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/clock/clock.hpp"
#include "firstboot/join/message.hpp"

namespace ingot::firstboot::join {

/// What a signer knows and holds.
struct Office {
    std::string cluster;
    std::string network; ///< CIDR
    std::vector<std::string> founders{};
    cloud_init::Pki pki{};
    cloud_init::AccessConfig access{};
    clock::WallTime now{};
};

/// Where a request came from.
struct Connection {
    std::string address;
    std::string binding;
    std::string certificate_pem{}; ///< shown and verified by TLS; empty if none
};

/// Somebody who has shown that he belongs to a role.
struct Applicant {
    cloud_init::Role role = cloud_init::Role::db;
    std::string name;
    std::string address;
    std::string key_sha256;
    bool renews = false; ///< has shown a certificate of this name and key

    bool operator==(const Applicant&) const = default;
};

/// The first half: who is it, and does he ask for what is his? The error is the reason of the refusal.
Result<Applicant> identify(const Office& office, const SignRequest& request, const Connection& connection);

/// Whose a name is: etcd key trust/names/<name>.
struct Claim {
    std::string key_sha256;
    std::string role;
    std::string address;
    std::string at; ///< when it was made, RFC 3339
    /// Since when another machine asks for the name and nothing answers at the address.
    std::optional<clock::WallTime> silent_since{};

    bool operator==(const Claim&) const = default;
};
std::string to_json_line(const Claim& claim);
Result<Claim> claim_from_json(std::string_view text);

/// A node that was thrown out: etcd key trust/revoked/<name>.
struct Revocation {
    std::string name;
    std::string key_sha256;
    std::string address;
    std::string at;
};
std::string to_json_line(const Revocation& revocation);
Result<Revocation> revocation_from_json(std::string_view name, std::string_view text);

/// What is known about the name that is asked for.
struct Register {
    std::optional<Claim> claim{};
    std::vector<Revocation> revoked{};
    bool holder_answers = false; ///< something listens at the claim's address
};

/// Signs; `claim` has to be written first if it is not what is there.
struct Sign {
    Claim claim;
};
struct Refuse {
    std::string reason;
};
/// Not now; `claim`, if any, has to be written.
struct Wait {
    std::string reason;
    std::optional<Claim> claim{};
};
using Decision = std::variant<Sign, Refuse, Wait>;

/// How long a name's holder has to be silent before another machine may have the name.
inline constexpr std::chrono::seconds kSilence{60};

/// The second half: may he have the name?
Decision decide(const Applicant& applicant, const Register& known, clock::WallTime now);

/// True if the second half depends on whether the holder of the name still answers.
bool needs_holder(const Applicant& applicant, const Register& known);

} // namespace ingot::firstboot::join
