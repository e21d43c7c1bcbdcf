// Asking the signers: one after the other, until one signs.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "common/files/files.hpp"
#include "firstboot/join/message.hpp"

namespace ingot::firstboot::join {

/// What a node asks for, and by what it shows who it is.
struct Application {
    crypto::LeafRequest wanted;
    crypto::Secret key;
    Trust trust; ///< that it has; a signer that knows less is not asked
    clock::WallTime now{};
    std::optional<cloud_init::RoleToken> token{};
    bool with_certificate = false; ///< renew: show the certificate at hand, not the token
};

/// Where the signers are, and the files for TLS with them.
struct Counter {
    std::map<std::string, std::string> signers{}; ///< name → address
    std::filesystem::path ca_file{};              ///< the etcd CA
    std::filesystem::path cert_file{};
    std::filesystem::path key_file{};
    std::uint16_t port = kPort;
};

/// A certificate that fits the key and the trust it comes with. transient, with what each signer said, if none signs.
Result<Grant> apply(const Counter& counter, const Application& application);

/// Whom to trust now, by the first signer that answers. Shows the certificate, and says under which generation of the
/// CAs it was made, so that the signers know who follows a rotation. With it comes who was revoked.
Result<TrustAnswer> ask_trust(const Counter& counter, int generation);

} // namespace ingot::firstboot::join
