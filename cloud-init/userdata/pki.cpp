// ingot.pki: whom the nodes of a cluster trust, and by what they show who they are.
//
// Who holds what: etcd nodes hold all CA keys and accept the tokens of the other roles; db and proxy nodes hold the
// certificates of the CAs and one token. A key in the wrong user-data is a fault, because whoever reads that
// user-data could make any certificate of that role.
#include "cloud-init/userdata/parts.hpp"

#include <array>

#include "cloud-init/userdata/rules.hpp"
#include "common/crypto/request.hpp"
#include "common/text/text.hpp"

namespace ingot::cloud_init {

using document::Fields;
using document::Value;

namespace {

constexpr std::array<Role, 3> kRoles = {Role::etcd, Role::db, Role::proxy};
constexpr std::size_t kTokenBytes = 32;
constexpr std::string_view kToolPutsIt = "'ingot user-data' puts it there";

/// What is wrong with one certificate of the bundle, if anything.
std::optional<std::string> fault_of_authority(const std::string& pem, Role role, const std::string& cluster) {
    const auto info = crypto::inspect_certificate(pem);
    if (!info) { return text::format("no CA certificate: {}", info.error().message); }
    if (!info->is_ca) { return text::format("{} is a certificate, but not of a CA", info->subject); }
    const auto wanted = text::format("OU={},O={}", to_string(role), cluster);
    if (is_cluster_name(cluster) && !info->subject.ends_with("," + wanted)) {
        return text::format("this is the CA {}, expected one of {}", info->subject, wanted);
    }
    return std::nullopt;
}

/// The certificates of one CA. Returns the bundle, empty after a fault.
std::string read_authority(Fields& pki, Role role, const std::string& cluster) {
    constexpr std::size_t kMost = 3; // the one that signs, its successor, its predecessor
    const auto key = text::format("{}_ca", to_string(role));
    auto bundle = pki.required_text(key);
    if (bundle.empty()) { return bundle; }
    if (bundle.find("PRIVATE KEY") != std::string::npos) {
        fault_at(pki, key, "a private key stands where a certificate belongs");
        return {};
    }
    const auto certificates = crypto::split_certificates(bundle);
    if (!certificates) {
        fault_at(pki, key, text::format("no CA certificate: {}", certificates.error().message));
        return {};
    }
    if (certificates->size() > kMost) {
        fault_at(pki, key, text::format("{} certificates, expected at most {}", certificates->size(), kMost));
        return {};
    }
    for (const auto& pem : *certificates) {
        if (const auto fault = fault_of_authority(pem, role, cluster)) {
            fault_at(pki, key, *fault);
            return {};
        }
    }
    return text::join(*certificates, "");
}

/// The keys of etcd nodes.
void read_keys(Fields& pki, Pki& out) {
    const Value* section = pki.optional("keys");
    if (section == nullptr) {
        fault_at(pki, "keys", "the keys of the three CAs are missing", std::string(kToolPutsIt));
        return;
    }
    Fields fields(*section, pki.path("keys"), pki.faults());
    for (const Role role : kRoles) {
        const auto name = to_string(role);
        auto pem = fields.text(name);
        if (!pem) {
            if (section->mapping() != nullptr && section->find(name) == nullptr) {
                fault_at(fields, name, text::format("the key of the {} CA is missing", name),
                         std::string(kToolPutsIt));
            }
            continue;
        }
        crypto::Secret key(*std::move(pem));
        if (const auto& bundle = ca_of(out, role); !bundle.empty()) { // otherwise there is a fault about it already
            const auto checked = crypto::check_key(crypto::split_certificates(bundle)->front(), key);
            if (!checked) { fault_at(fields, name, checked.error().message); }
        }
        out.keys.insert_or_assign(role, std::move(key));
    }
    fields.finish();
}

void read_accepted_tokens(Fields& pki, AccessConfig& access) {
    const Value* section = pki.optional("tokens");
    if (section == nullptr) {
        fault_at(pki, "tokens", "the tokens of the other roles are missing", std::string(kToolPutsIt));
        return;
    }
    Fields fields(*section, pki.path("tokens"), pki.faults());
    for (const Role role : kJoiningRoles) {
        access.tokens.insert_or_assign(role, read_tokens(fields, to_string(role)));
    }
    fields.finish();
}

void read_own_token(Fields& pki, Role role, AccessConfig& access) {
    if (pki.optional("keys") != nullptr) {
        fault_at(
            pki, "keys",
            text::format("CA keys do not belong in the user-data of role {}: only etcd nodes sign", to_string(role)),
            "make it anew with 'ingot user-data'");
    }
    const Value* section = pki.optional("token");
    if (section == nullptr) {
        fault_at(pki, "token", text::format("the token of role {} is missing", to_string(role)),
                 std::string(kToolPutsIt));
        return;
    }
    if (auto token = read_token(*section, pki.path("token"), pki.faults())) {
        access.tokens[role].push_back(*std::move(token));
    }
}

} // namespace

const std::string& ca_of(const Pki& pki, Role role) {
    switch (role) {
    case Role::etcd: return pki.etcd_ca;
    case Role::db:
    case Role::backup: return pki.db_ca;
    case Role::proxy: break;
    }
    return pki.proxy_ca;
}

std::optional<RoleToken> read_token(const Value& value, std::string where, Faults& faults) {
    constexpr int kMostEpochs = 1'000'000;
    Fields fields(value, std::move(where), faults);
    fields.required("epoch");
    const auto epoch = fields.number("epoch", 1, kMostEpochs);
    const crypto::Secret text(fields.required_text("secret"));
    fields.finish();
    if (!epoch || text.empty()) { return std::nullopt; }
    auto bytes = crypto::base64_decode(text.reveal());
    if (!bytes || bytes->size() != kTokenBytes) {
        fault_at(fields, "secret", "expected 32 bytes in base64, as 'ingot cluster init' draws them");
        return std::nullopt;
    }
    return RoleToken{.epoch = static_cast<int>(*epoch), .secret = crypto::Secret(*std::move(bytes))};
}

std::vector<RoleToken> read_tokens(Fields& fields, std::string_view key) {
    constexpr std::size_t kMost = 2; // the one that is given out, and the one before
    std::vector<RoleToken> tokens;
    const Value* list = fields.required(key);
    if (list == nullptr) { return tokens; }
    if (list->sequence() == nullptr || list->sequence()->empty() || list->sequence()->size() > kMost) {
        fault_at(fields, key, "expected a list of one or two tokens", "as in - {epoch: 1, secret: …}");
        return tokens;
    }
    for (std::size_t index = 0; index < list->sequence()->size(); ++index) {
        auto token =
            read_token((*list->sequence())[index], text::format("{}[{}]", fields.path(key), index), fields.faults());
        if (token) { tokens.push_back(*std::move(token)); }
    }
    if (tokens.size() == kMost && tokens[0].epoch <= tokens[1].epoch) {
        fault_at(fields, key, "expected the newest epoch first");
    }
    return tokens;
}

void write_token(document::Writer& writer, const RoleToken& token) {
    writer.begin_mapping().entry("epoch", token.epoch);
    writer.entry("secret", crypto::base64_encode(token.secret.reveal())).end_mapping();
}

Pki read_pki(const Value& section, std::string where, const PkiOwner& owner, AccessConfig& access,
             Findings& findings) {
    constexpr int kMostGenerations = 1'000'000;
    Pki pki;
    Fields fields(section, std::move(where), findings.faults);
    access.generation = static_cast<int>(fields.number("generation", 1, kMostGenerations).value_or(1));
    pki.etcd_ca = read_authority(fields, Role::etcd, owner.cluster);
    pki.db_ca = read_authority(fields, Role::db, owner.cluster);
    pki.proxy_ca = read_authority(fields, Role::proxy, owner.cluster);
    if (owner.role == Role::etcd) {
        read_keys(fields, pki);
        read_accepted_tokens(fields, access);
    } else if (owner.role) {
        read_own_token(fields, *owner.role, access);
    } else {
        for (const auto* const key : {"keys", "token", "tokens"}) { fields.ignore(key); }
    }
    fields.finish();
    return pki;
}

} // namespace ingot::cloud_init
