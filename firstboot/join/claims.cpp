#include "firstboot/join/claims.hpp"

#include "common/text/text.hpp"

namespace ingot::firstboot::join {

std::string Claims::name_key(std::string_view name) const {
    return ingot_key(cluster_, text::format("trust/names/{}", name));
}

std::string Claims::revoked_key(std::string_view name) const {
    return ingot_key(cluster_, text::format("trust/revoked/{}", name));
}

std::string Claims::seen_key(std::string_view name) const {
    return ingot_key(cluster_, text::format("trust/seen/{}", name));
}

Result<std::optional<Claims::Stored>> Claims::find(std::string_view name) {
    INGOT_ASSIGN(const auto entry, etcd_.get(name_key(name)), "");
    if (!entry) { return std::optional<Stored>{}; }
    INGOT_ASSIGN(auto claim, claim_from_json(entry->value), text::format("reading {}", entry->key));
    return std::optional(Stored{.claim = std::move(claim), .mod_revision = entry->mod_revision});
}

Status Claims::write(std::string_view name, const Claim& claim, const std::optional<Stored>& before) {
    const auto key = name_key(name);
    INGOT_ASSIGN(const bool written,
                 before ? etcd_.replace(key, to_json_line(claim), before->mod_revision)
                        : etcd_.create(key, to_json_line(claim)),
                 "");
    if (!written) {
        return fail(ErrorKind::transient, text::format("somebody else claims the name {} at this moment", name));
    }
    return {};
}

Result<std::vector<std::pair<std::string, Claim>>> Claims::list() {
    const auto prefix = name_key("");
    INGOT_ASSIGN(const auto listing, etcd_.list(prefix), "");
    std::vector<std::pair<std::string, Claim>> claims;
    for (const auto& entry : listing.entries) {
        INGOT_ASSIGN(auto claim, claim_from_json(entry.value), text::format("reading {}", entry.key));
        claims.emplace_back(entry.key.substr(prefix.size()), std::move(claim));
    }
    return claims;
}

Result<std::vector<Revocation>> Claims::revocations() {
    const auto prefix = revoked_key("");
    INGOT_ASSIGN(const auto listing, etcd_.list(prefix), "");
    std::vector<Revocation> revoked;
    for (const auto& entry : listing.entries) {
        INGOT_ASSIGN(auto revocation, revocation_from_json(entry.key.substr(prefix.size()), entry.value), "");
        revoked.push_back(std::move(revocation));
    }
    return revoked;
}

Status Claims::revoke(const Revocation& revocation) {
    return etcd_.put(revoked_key(revocation.name), to_json_line(revocation));
}

Status Claims::lift(std::string_view name) { return etcd_.remove(revoked_key(name)); }

Result<std::vector<std::pair<std::string, Sighting>>> Claims::sightings() {
    const auto prefix = seen_key("");
    INGOT_ASSIGN(const auto listing, etcd_.list(prefix), "");
    std::vector<std::pair<std::string, Sighting>> seen;
    for (const auto& entry : listing.entries) {
        INGOT_ASSIGN(auto sighting, sighting_from_json(entry.value), text::format("reading {}", entry.key));
        seen.emplace_back(entry.key.substr(prefix.size()), std::move(sighting));
    }
    return seen;
}

Status Claims::see(std::string_view name, const Sighting& sighting) {
    INGOT_ASSIGN(const auto entry, etcd_.get(seen_key(name)), "");
    if (entry) {
        const auto stored = sighting_from_json(entry->value);
        if (stored && !worth_writing(sighting, *stored)) { return {}; }
    }
    return etcd_.put(seen_key(name), to_json_line(sighting));
}

} // namespace ingot::firstboot::join
