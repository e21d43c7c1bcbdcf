// Sign or refuse, in the order in which it is asked:
//   A  the request cannot be read, or is not signed by its own key      → refuse
//   B  the key is weak, or the request is for a CA                      → refuse
//   C  the role is not one that joins (db, proxy, backup)               → refuse; etcd nodes issue for themselves
//   D  with a certificate: of this role's CA, this name and this key    → else refuse
//      without: a token of an accepted epoch, bound to this connection  → else refuse
//   E  the subject is not O=cluster, OU=role of the token, CN=name      → refuse
//   F  an address other than the one the connection comes from          → refuse
//   G  the connection does not come from the private network            → refuse
//   H  a name that is no host name, or a founder's                      → refuse
//   I  DNS names that are not the role's                                → refuse
//   J  name, key or address was revoked                                 → refuse
//   K  nobody has the name, or the same key has it                      → sign
//   L  another role has it                                              → refuse
//   M  another key has it, at this very address: the machine was made anew → sign
//   N  another key has it elsewhere, and answers there                  → refuse
//   O  another key has it elsewhere, silent for a minute                → sign; less: wait
// Everything else that a request may say (usages, lifetime, extensions) is not read: the signer writes the leaf.
#include "firstboot/join/decide.hpp"

#include <algorithm>

#include "common/crypto/request.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "firstboot/join/leaf.hpp"
#include "firstboot/node/facts.hpp"

namespace ingot::firstboot::join {

namespace {

using cloud_init::Role;

Error refusal(std::string reason) { return fail(ErrorKind::refused, std::move(reason)); }

bool is_label(std::string_view name) {
    constexpr std::size_t kLongest = 63;
    return !name.empty() && name.size() <= kLongest && name.front() != '-' && name.back() != '-' &&
           name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

Status check_certificate(const Office& office, const SignRequest& request, Role role,
                         const crypto::RequestInfo& wanted, const std::string& certificate_pem) {
    const auto shown = crypto::owner_of(certificate_pem);
    if (!shown) { return refusal("the certificate shown cannot be read"); }
    const auto trusted =
        crypto::verify_identity(certificate_pem, {}, cloud_init::ca_of(office.pki, role), office.now);
    if (!trusted) { return refusal(trusted.error().message); }
    if (shown->unit != request.role) {
        return refusal(text::format("the certificate shown is one of role {}", shown->unit));
    }
    if (shown->common_name != request.name) {
        return refusal(text::format("the certificate shown is the one of {}", shown->common_name));
    }
    if (shown->key_sha256 != wanted.key_sha256) { return refusal("a renewal has to be for the same key"); }
    return {};
}

Status check_proof(const Office& office, const SignRequest& request, Role role, const Connection& connection) {
    if (!request.proof) { return refusal("neither a certificate nor a proof of the role's token"); }
    const auto tokens = office.access.tokens.find(role);
    if (tokens == office.access.tokens.end()) { return refusal("no token of this role is known here"); }
    const auto token = std::ranges::find(tokens->second, request.proof->epoch, &cloud_init::RoleToken::epoch);
    if (token == tokens->second.end()) {
        std::vector<std::string> epochs;
        for (const auto& each : tokens->second) { epochs.push_back(std::to_string(each.epoch)); }
        return refusal(text::format("its token is of epoch {}, accepted is {}", request.proof->epoch,
                                    text::join(epochs, " and ")));
    }
    const auto wanted = mac_of(token->secret, connection.binding, request, request.proof->nonce);
    if (connection.binding.empty() || !crypto::same_bytes(wanted, request.proof->mac)) {
        return refusal("the proof does not fit: another token, or a request of another connection");
    }
    return {};
}

Status check_wishes(const Office& office, const SignRequest& request, Role role, const crypto::RequestInfo& wanted,
                    const std::string& address) {
    if (wanted.organization != office.cluster || wanted.unit != request.role || wanted.common_name != request.name) {
        return refusal(text::format("it asks for {}, and may be CN={},OU={},O={}", wanted.subject, request.name,
                                    request.role, office.cluster));
    }
    for (const auto& each : wanted.ip_addresses) {
        if (each != address && each != "127.0.0.1") {
            return refusal(text::format("it asks for the address {}, and comes from {}", each, address));
        }
    }
    if (!in_network(address, office.network)) {
        return refusal(text::format("it comes from {}, not from {}", address, office.network));
    }
    if (!is_label(request.name) || std::ranges::find(office.founders, request.name) != office.founders.end()) {
        return refusal(text::format("'{}' cannot be the name of a {} node", request.name, request.role));
    }
    const auto own = leaf_of(office.cluster, role, request.name, address).dns_names;
    for (const auto& each : wanted.dns_names) {
        if (std::ranges::find(own, each) == own.end()) {
            return refusal(text::format("it asks for the name {}, which is not of its role", each));
        }
    }
    return {};
}

bool is_revoked(const Applicant& applicant, const Revocation& revocation) {
    return applicant.name == revocation.name || applicant.key_sha256 == revocation.key_sha256 ||
           applicant.address == revocation.address;
}

} // namespace

Result<Applicant> identify(const Office& office, const SignRequest& request, const Connection& connection) {
    const auto wanted = crypto::inspect_request(request.csr_pem);
    if (!wanted) { return refusal("its certificate request cannot be read: " + wanted.error().message); }
    if (!wanted->signature_valid) { return refusal("its certificate request is not signed by its own key"); }
    if (!wanted->key_accepted) { return refusal(text::format("a key of {} is not accepted", wanted->key_kind)); }
    if (wanted->asks_for_ca) { return refusal("it asks for a CA"); }
    const auto role = cloud_init::role_from(request.role);
    if (!role || *role == Role::etcd) { return refusal(text::format("no node of role '{}' joins", request.role)); }
    const bool renews = !connection.certificate_pem.empty();
    INGOT_TRY(renews ? check_certificate(office, request, *role, *wanted, connection.certificate_pem)
                     : check_proof(office, request, *role, connection),
              "");
    INGOT_TRY(check_wishes(office, request, *role, *wanted, connection.address), "");
    return Applicant{.role = *role,
                     .name = request.name,
                     .address = connection.address,
                     .key_sha256 = wanted->key_sha256,
                     .renews = renews};
}

bool needs_holder(const Applicant& applicant, const Register& known) {
    return known.claim && known.claim->key_sha256 != applicant.key_sha256 &&
           known.claim->address != applicant.address && known.claim->role == to_string(applicant.role);
}

Decision decide(const Applicant& applicant, const Register& known, clock::WallTime now) {
    for (const auto& revocation : known.revoked) {
        if (is_revoked(applicant, revocation)) {
            return Refuse{text::format("{} was revoked at {}", revocation.name, revocation.at)};
        }
    }
    Claim claim{.key_sha256 = applicant.key_sha256,
                .role = std::string(to_string(applicant.role)),
                .address = applicant.address,
                .at = clock::to_rfc3339(now)};
    if (!known.claim) { return Sign{std::move(claim)}; }
    const auto& holder = *known.claim;
    if (holder.key_sha256 == applicant.key_sha256) {
        claim.at = holder.at;
        return Sign{std::move(claim)};
    }
    if (holder.role != claim.role) {
        return Refuse{text::format("the name {} belongs to a {} node", applicant.name, holder.role)};
    }
    if (holder.address == applicant.address) { return Sign{std::move(claim)}; }
    if (known.holder_answers) {
        return Refuse{
            text::format("the name {} belongs to the machine at {}, which answers", applicant.name, holder.address)};
    }
    const auto since = holder.silent_since.value_or(now);
    if (now - since >= kSilence) { return Sign{std::move(claim)}; }
    Wait wait{.reason =
                  text::format("the name {} belongs to the machine at {}; it is given away when that one has been "
                               "silent for {} s",
                               applicant.name, holder.address, kSilence.count())};
    if (!holder.silent_since) {
        wait.claim = holder;
        wait.claim->silent_since = now;
    }
    return wait;
}

std::string to_json_line(const Claim& claim) {
    json::Json object{{"key", claim.key_sha256}, {"role", claim.role}, {"address", claim.address}, {"at", claim.at}};
    if (claim.silent_since) { object["silent_since"] = clock::to_unix(*claim.silent_since); }
    return json::to_line(object);
}

Result<Claim> claim_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading whose a name is");
    Claim claim{.key_sha256 = json::string_at(object, "key").value_or(""),
                .role = json::string_at(object, "role").value_or(""),
                .address = json::string_at(object, "address").value_or(""),
                .at = json::string_at(object, "at").value_or("")};
    if (claim.key_sha256.empty()) { return fail(ErrorKind::invalid_input, "a name's claim without a key"); }
    if (const auto since = json::number_at(object, "silent_since")) {
        claim.silent_since = clock::WallTime(std::chrono::seconds(*since));
    }
    return claim;
}

std::string to_json_line(const Revocation& revocation) {
    return json::to_line({{"key", revocation.key_sha256}, {"address", revocation.address}, {"at", revocation.at}});
}

Result<Revocation> revocation_from_json(std::string_view name, std::string_view text) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading who was revoked");
    return Revocation{.name = std::string(name),
                      .key_sha256 = json::string_at(object, "key").value_or(""),
                      .address = json::string_at(object, "address").value_or(""),
                      .at = json::string_at(object, "at").value_or("")};
}

} // namespace ingot::firstboot::join
