#include "firstboot/join/client.hpp"

#include <functional>
#include <vector>

#include "common/crypto/request.hpp"
#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "common/tls/client.hpp"
#include "firstboot/join/leaf.hpp"

namespace ingot::firstboot::join {

namespace {

constexpr int kOk = 200;

tls::Question question(const Counter& counter, const std::string& address, bool with_certificate) {
    tls::Question question{.address = address, .port = counter.port, .ca_file = counter.ca_file};
    if (with_certificate) {
        question.cert_file = counter.cert_file;
        question.key_file = counter.key_file;
    }
    return question;
}

Result<std::string> body_of(const tls::Answer& answer) {
    if (answer.status == kOk) { return answer.body; }
    const auto object = json::parse(answer.body);
    const auto reason = object ? json::string_at(*object, "reason") : std::nullopt;
    return fail(answer.status == 403 ? ErrorKind::refused : ErrorKind::transient,
                reason.value_or(text::format("HTTP {}", answer.status)));
}

/// Asks each signer, beginning at another one for each node, until one gives what `use` takes.
template <typename T>
Result<T> first_of(const Counter& counter, const std::string& salt,
                   const std::function<Result<T>(const std::string& address)>& ask) {
    std::vector<std::pair<std::string, std::string>> signers(counter.signers.begin(), counter.signers.end());
    if (signers.empty()) { return fail(ErrorKind::bug, "no etcd node is known"); }
    const auto start = std::hash<std::string>()(salt) % signers.size();
    std::vector<std::string> reasons;
    for (std::size_t i = 0; i < signers.size(); ++i) {
        const auto& [name, address] = signers[(start + i) % signers.size()];
        auto answer = ask(address);
        if (answer) { return answer; }
        reasons.push_back(text::format("{}: {}", name, answer.error().to_string()));
    }
    return fail(ErrorKind::transient, text::join(reasons, "; "));
}

Result<Grant> read_grant(const std::string& body, const Application& application) {
    INGOT_ASSIGN(auto grant, grant_from_json(body), "");
    if (grant.trust.generation < application.trust.generation) {
        return fail(ErrorKind::transient, "it knows an older generation of the CAs");
    }
    const auto role = cloud_init::role_from(application.wanted.role);
    const auto& bundle = role == cloud_init::Role::proxy ? grant.trust.proxy_ca : grant.trust.db_ca;
    INGOT_ASSIGN(const auto ca, signing_ca(bundle), "");
    INGOT_TRY(crypto::verify_identity(grant.certificate_pem, application.key, ca, application.now),
              "the certificate that it made");
    return grant;
}

} // namespace

Result<Grant> apply(const Counter& counter, const Application& application) {
    INGOT_ASSIGN(const auto csr, crypto::make_request(application.key, application.wanted),
                 "making a certificate request");
    const SignRequest request{.generation = application.trust.generation,
                              .role = application.wanted.role,
                              .name = application.wanted.common_name,
                              .csr_pem = csr};
    const auto body = [&](const std::string& binding) {
        auto bound = request;
        if (!application.with_certificate && application.token) {
            bound.proof = make_proof(*application.token, binding, bound);
        }
        return to_json_line(bound);
    };
    return first_of<Grant>(counter, request.name, [&](const std::string& address) -> Result<Grant> {
        auto asked = question(counter, address, application.with_certificate);
        asked.path = kSignPath;
        INGOT_ASSIGN(const auto answer, tls::ask(asked, body), "");
        INGOT_ASSIGN(const auto text, body_of(answer), address);
        return read_grant(text, application);
    });
}

Result<TrustAnswer> ask_trust(const Counter& counter, int generation) {
    return first_of<TrustAnswer>(
        counter, counter.cert_file.string(), [&](const std::string& address) -> Result<TrustAnswer> {
            auto asked = question(counter, address, true);
            asked.method = "GET";
            asked.path = kTrustPath;
            INGOT_ASSIGN(const auto answer,
                         tls::ask(asked, [&](const std::string&) { return generation_to_json(generation); }), "");
            INGOT_ASSIGN(const auto text, body_of(answer), address);
            return trust_answer_from_json(text);
        });
}

} // namespace ingot::firstboot::join
