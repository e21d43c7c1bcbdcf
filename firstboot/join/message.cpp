#include "firstboot/join/message.hpp"

#include "common/crypto/request.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot::join {

namespace {

using json::Json;

Json trust_json(const Trust& trust) {
    return {{"generation", trust.generation},
            {"etcd_ca", trust.etcd_ca},
            {"db_ca", trust.db_ca},
            {"proxy_ca", trust.proxy_ca}};
}

Result<Trust> trust_in(const Json& object) {
    Trust trust{.generation = static_cast<int>(json::number_at(object, "generation").value_or(0)),
                .etcd_ca = json::string_at(object, "etcd_ca").value_or(""),
                .db_ca = json::string_at(object, "db_ca").value_or(""),
                .proxy_ca = json::string_at(object, "proxy_ca").value_or("")};
    if (trust.generation < 1) { return fail(ErrorKind::invalid_input, "trust without generation"); }
    for (const auto* const bundle : {&trust.etcd_ca, &trust.db_ca, &trust.proxy_ca}) {
        INGOT_ASSIGN(const auto certificates, crypto::split_certificates(*bundle), "reading a CA");
        for (const auto& pem : certificates) {
            INGOT_ASSIGN(const auto info, crypto::inspect_certificate(pem), "reading a CA");
            if (!info.is_ca) { return fail(ErrorKind::invalid_input, info.subject + " is no CA"); }
        }
    }
    return trust;
}

std::string bytes_at(const Json& object, std::string_view key) {
    return crypto::base64_decode(json::string_at(object, key).value_or("")).value_or("");
}

} // namespace

Trust trust_of(const cloud_init::Pki& pki, int generation) {
    return {.generation = generation, .etcd_ca = pki.etcd_ca, .db_ca = pki.db_ca, .proxy_ca = pki.proxy_ca};
}

std::string to_json_text(const Trust& trust) { return json::to_line(trust_json(trust)) + "\n"; }

Result<Trust> trust_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading whom to trust");
    return trust_in(object);
}

std::string to_json_text(const TrustAnswer& answer) {
    auto object = trust_json(answer.trust);
    if (answer.shut_out) { object["shut_out"] = *answer.shut_out; }
    return json::to_line(object) + "\n";
}

Result<TrustAnswer> trust_answer_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading whom to trust");
    INGOT_ASSIGN(auto trust, trust_in(object), "");
    TrustAnswer answer{.trust = std::move(trust)};
    const auto& list = json::member(object, "shut_out");
    if (!list.is_array()) { return answer; }
    answer.shut_out.emplace();
    for (const auto& address : list) {
        if (address.is_string()) { answer.shut_out->push_back(address.get<std::string>()); }
    }
    return answer;
}

std::string generation_to_json(int generation) { return json::to_line({{"generation", generation}}); }

int generation_from_json(std::string_view text) {
    const auto object = json::parse(text);
    constexpr long long kHighest = 1'000'000'000;
    const auto told = object ? json::number_at(*object, "generation").value_or(0) : 0;
    return told > 0 && told < kHighest ? static_cast<int>(told) : 0;
}

std::string to_json_line(const SignRequest& request) {
    Json object{{"version", 1},
                {"generation", request.generation},
                {"role", request.role},
                {"name", request.name},
                {"csr", request.csr_pem}};
    if (request.proof) {
        object["epoch"] = request.proof->epoch;
        object["nonce"] = crypto::base64_encode(request.proof->nonce);
        object["mac"] = crypto::base64_encode(request.proof->mac);
    }
    return json::to_line(object);
}

Result<SignRequest> sign_request_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading a request to sign");
    if (json::number_at(object, "version") != 1) {
        return fail(ErrorKind::invalid_input, "a request of another version than 1");
    }
    SignRequest request{.generation = static_cast<int>(json::number_at(object, "generation").value_or(0)),
                        .role = json::string_at(object, "role").value_or(""),
                        .name = json::string_at(object, "name").value_or(""),
                        .csr_pem = json::string_at(object, "csr").value_or("")};
    if (const auto epoch = json::number_at(object, "epoch")) {
        request.proof = Proof{
            .epoch = static_cast<int>(*epoch), .nonce = bytes_at(object, "nonce"), .mac = bytes_at(object, "mac")};
    }
    return request;
}

std::string to_json_line(const Grant& grant) {
    return json::to_line({{"certificate", grant.certificate_pem}, {"trust", trust_json(grant.trust)}});
}

Result<Grant> grant_from_json(std::string_view text) {
    INGOT_ASSIGN(const auto object, json::parse(text), "reading a signed certificate");
    INGOT_ASSIGN(auto trust, trust_in(json::member(object, "trust")), "");
    return Grant{.certificate_pem = json::string_at(object, "certificate").value_or(""), .trust = std::move(trust)};
}

std::string mac_of(const crypto::Secret& token, std::string_view binding, const SignRequest& request,
                   std::string_view nonce) {
    // Every part but the last is of a fixed length or ends in a line end that cannot stand inside.
    return crypto::hmac_sha256(token, text::format("ingot-join-1\n{}{}{}\n{}\n{}\n{}", crypto::sha256_hex(binding),
                                                   crypto::sha256_hex(request.csr_pem), crypto::sha256_hex(nonce),
                                                   request.generation, request.role, request.name));
}

Proof make_proof(const cloud_init::RoleToken& token, std::string_view binding, const SignRequest& request) {
    constexpr std::size_t kNonceBytes = 16;
    Proof proof{.epoch = token.epoch, .nonce = crypto::random_bytes(kNonceBytes), .mac = {}};
    proof.mac = mac_of(token.secret, binding, request, proof.nonce);
    return proof;
}

} // namespace ingot::firstboot::join
