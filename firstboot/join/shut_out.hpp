// Which addresses the nodes do not talk to any more, because a node there was revoked; pure.
//
// A certificate stays valid until it ends, and there are no CRLs (docs/security.md). So the nodes drop the address of
// whoever was revoked: they ask the signers every 20 seconds whom to trust, and are told this list with the answer.
//
// SAFETY: the address of a node that was not revoked is never on the list. An address belongs to whoever said last
// that he is there: an unrevoked node that has joined, or spoken, from it later than the revoked one did has got it
// since. What the revoked one does after it was revoked does not count.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "common/clock/clock.hpp"
#include "firstboot/join/claims.hpp"

namespace ingot::firstboot::join {

/// All that etcd knows about who belongs to the cluster.
struct Books {
    std::vector<std::pair<std::string, Claim>> claims{};
    std::vector<std::pair<std::string, Sighting>> sightings{};
    std::vector<Revocation> revoked{};
};
Result<Books> read_books(Claims& claims);

/// Sorted, each once.
std::vector<std::string> addresses_shut_out(const Books& books);

/// The revocation that fits a node's name or key, if any.
const Revocation* revocation_of(const std::vector<Revocation>& revoked, std::string_view name,
                                std::string_view key_sha256);

} // namespace ingot::firstboot::join
