#include "firstboot/join/shut_out.hpp"

#include <algorithm>
#include <set>

namespace ingot::firstboot::join {

namespace {

/// When a node that was revoked was there last, as far as it could say so itself; RFC 3339, empty: never.
std::string last_there(const Revocation& revocation, const Books& books) {
    std::string last;
    for (const auto& [name, claim] : books.claims) {
        if (name == revocation.name && claim.address == revocation.address) { last = std::max(last, claim.at); }
    }
    for (const auto& [name, sighting] : books.sightings) {
        const auto at = clock::to_rfc3339(sighting.at);
        if (name == revocation.name && sighting.address == revocation.address && at <= revocation.at) {
            last = std::max(last, at);
        }
    }
    return last;
}

/// True if a node that was not revoked has the address now.
bool has_another_owner(const Revocation& revocation, const Books& books) {
    const auto since = last_there(revocation, books);
    const auto is_owner = [&](const std::string& name, const std::string& address, const std::string& at) {
        return address == revocation.address && at >= since && revocation_of(books.revoked, name, {}) == nullptr;
    };
    return std::ranges::any_of(books.claims,
                               [&](const auto& entry) {
                                   return is_owner(entry.first, entry.second.address, entry.second.at) &&
                                          revocation_of(books.revoked, {}, entry.second.key_sha256) == nullptr;
                               }) ||
           std::ranges::any_of(books.sightings, [&](const auto& entry) {
               return is_owner(entry.first, entry.second.address, clock::to_rfc3339(entry.second.at));
           });
}

} // namespace

Result<Books> read_books(Claims& claims) {
    Books books;
    INGOT_ASSIGN(books.revoked, claims.revocations(), "");
    if (books.revoked.empty()) { return books; } // as nearly always: the rest is of no interest
    INGOT_ASSIGN(books.claims, claims.list(), "");
    INGOT_ASSIGN(books.sightings, claims.sightings(), "");
    return books;
}

const Revocation* revocation_of(const std::vector<Revocation>& revoked, std::string_view name,
                                std::string_view key_sha256) {
    const auto found = std::ranges::find_if(revoked, [&](const Revocation& each) {
        return (!name.empty() && each.name == name) || (!key_sha256.empty() && each.key_sha256 == key_sha256);
    });
    return found == revoked.end() ? nullptr : &*found;
}

std::vector<std::string> addresses_shut_out(const Books& books) {
    std::set<std::string> addresses;
    for (const auto& revocation : books.revoked) {
        if (!revocation.address.empty() && !has_another_owner(revocation, books)) {
            addresses.insert(revocation.address);
        }
    }
    return {addresses.begin(), addresses.end()};
}

} // namespace ingot::firstboot::join
