#include "firstboot/join/signer.hpp"

#include <algorithm>
#include <variant>

#include "common/crypto/request.hpp"
#include "common/json/json.hpp"
#include "common/log/log.hpp"
#include "common/text/text.hpp"
#include "common/tls/client.hpp"
#include "firstboot/join/claims.hpp"
#include "firstboot/join/leaf.hpp"
#include "firstboot/join/shut_out.hpp"

namespace ingot::firstboot::join {

namespace {

using cloud_init::Role;

constexpr int kForbidden = 403;
constexpr int kUnavailable = 503;
constexpr int kNotFound = 404;
constexpr int kBadRequest = 400;

tls::Response refusal(int status, const std::string& reason) {
    return {.status = status, .body = json::to_line({{"reason", reason}})};
}

/// What strangers wrote must not forge lines of the log.
std::string on_one_line(std::string text) {
    constexpr std::size_t kLongest = 400;
    text.resize(std::min(text.size(), kLongest));
    std::ranges::replace_if(
        text, [](char letter) { return static_cast<unsigned char>(letter) < 0x20 || letter == 0x7F; }, '?');
    return text;
}

int port_of(Role role, const cloud_init::IngotConfig& config) {
    constexpr int kRestPort = 8008;
    constexpr int kBackrestPort = 8432;
    switch (role) {
    case Role::proxy: return config.proxy.primary_port;
    case Role::backup: return kBackrestPort;
    case Role::db:
    case Role::etcd: break;
    }
    return kRestPort;
}

Office office_of(const NodeSpec& node, const cloud_init::AccessConfig& access, clock::WallTime now) {
    Office office{.cluster = node.config.cluster,
                  .network = node.config.network,
                  .pki = node.config.pki,
                  .access = access,
                  .now = now};
    for (const auto& [name, address] : node.config.etcd.founders) { office.founders.push_back(name); }
    return office;
}

} // namespace

bool machine_answers(const std::string& address, int port, std::chrono::milliseconds patience) {
    return tls::somebody_answers(address, static_cast<std::uint16_t>(port), patience);
}

Signer::Signer(NodeSpec node, cloud_init::AccessConfig access, Environment& environment,
               std::function<EtcdSession()> open)
    : node_(std::move(node)), access_(std::move(access)), environment_(environment), open_(std::move(open)) {}

tls::Response Signer::answer(const tls::Request& request) const {
    if (request.method == "POST" && request.path == kSignPath) { return sign(request); }
    if (request.method == "GET" && request.path == kTrustPath) { return tell_trust(request); }
    return refusal(kNotFound, "there is nothing here");
}

tls::Response Signer::tell_trust(const tls::Request& request) const {
    if (request.certificate_pem.empty()) { return refusal(kForbidden, "only for nodes of this cluster"); }
    TrustAnswer answer{.trust = trust_of(node_.config.pki, access_.generation)};
    auto noted = note(request);
    if (noted) {
        answer.shut_out = *std::move(noted);
    } else if (noted.error().kind == ErrorKind::refused) {
        log::warning(
            text::format("join: does not tell {} whom to trust: {}", request.address, noted.error().message));
        return refusal(kForbidden, noted.error().message);
    } else {
        log::info(text::format("join: {} asked whom to trust, and that is not written down: {}", request.address,
                               noted.error().to_string()));
    }
    return {.body = to_json_text(answer)};
}

Result<std::vector<std::string>> Signer::note(const tls::Request& request) const {
    const int generation = generation_from_json(request.body);
    INGOT_ASSIGN(const auto owner, crypto::owner_of(request.certificate_pem), "");
    INGOT_ASSIGN(const auto info, crypto::inspect_certificate(request.certificate_pem), "");
    const auto role = cloud_init::role_from(owner.unit);
    const auto now = environment_.clock.now();
    auto etcd = open_();
    Claims claims(*etcd, node_.config.cluster);
    INGOT_ASSIGN(const auto books, read_books(claims), "");
    if (const auto* const revoked = revocation_of(books.revoked, owner.common_name, owner.key_sha256)) {
        return fail(ErrorKind::refused,
                    text::format("{} was revoked at {}", on_one_line(owner.common_name), revoked->at));
    }
    auto shut_out = addresses_shut_out(books);
    if (generation == 0 || !role) { return shut_out; }
    const auto verified =
        crypto::verify_identity(request.certificate_pem, {}, cloud_init::ca_of(node_.config.pki, *role), now);
    if (!verified) { // known to TLS, and of another role's CA: what it says of itself does not count
        log::info(text::format("join: the certificate of {} as a {} node: {}", on_one_line(owner.common_name),
                               on_one_line(owner.unit), verified.error().message));
        return shut_out;
    }
    INGOT_TRY(claims.see(owner.common_name, {.role = owner.unit,
                                             .address = request.address,
                                             .generation = generation,
                                             .until = info.not_after,
                                             .at = now}),
              "");
    return shut_out;
}

tls::Response Signer::sign(const tls::Request& request) const {
    const auto read = sign_request_from_json(request.body);
    if (!read) {
        log::warning(text::format("join: a request from {} cannot be read", request.address));
        return refusal(kBadRequest, read.error().message);
    }
    const auto who = on_one_line(text::format("{} ({}) at {}", read->name, read->role, request.address));
    const auto applicant = identify(
        office_of(node_, access_, environment_.clock.now()), *read,
        {.address = request.address, .binding = request.binding, .certificate_pem = request.certificate_pem});
    if (!applicant) {
        log::warning(text::format("join: refused {}: {}", who, on_one_line(applicant.error().message)));
        return refusal(kForbidden, applicant.error().message);
    }
    const auto granted = grant(*read, *applicant);
    if (granted) {
        log::info(text::format("join: {} a certificate for {}, key {}", applicant->renews ? "renewed" : "signed", who,
                               applicant->key_sha256.substr(0, 16)));
        return {.body = to_json_line(*granted)};
    }
    const bool refused = granted.error().kind == ErrorKind::refused;
    log::warning(text::format("join: {} {}: {}", refused ? "refused" : "not yet", who, granted.error().to_string()));
    return refusal(refused ? kForbidden : kUnavailable, granted.error().to_string());
}

Result<Grant> Signer::grant(const SignRequest& request, const Applicant& applicant) const {
    constexpr auto kPatience = std::chrono::seconds(1);
    const auto& pki = node_.config.pki;
    if (request.generation > access_.generation) {
        return fail(ErrorKind::transient, text::format("{} knows generation {} of the CAs, the node {} already",
                                                       node_.name, access_.generation, request.generation));
    }
    auto etcd = open_();
    Claims claims(*etcd, node_.config.cluster);
    INGOT_ASSIGN(const auto stored, claims.find(applicant.name), "");
    Register known;
    if (stored) { known.claim = stored->claim; }
    INGOT_ASSIGN(known.revoked, claims.revocations(), "");
    if (needs_holder(applicant, known)) {
        known.holder_answers =
            machine_answers(known.claim->address, port_of(applicant.role, node_.config), kPatience);
    }
    const auto decision = decide(applicant, known, environment_.clock.now());
    if (const auto* const refused = std::get_if<Refuse>(&decision)) {
        return fail(ErrorKind::refused, refused->reason);
    }
    if (const auto* const wait = std::get_if<Wait>(&decision)) {
        if (wait->claim) { INGOT_TRY(claims.write(applicant.name, *wait->claim, stored), ""); }
        return fail(ErrorKind::transient, wait->reason);
    }
    const auto& claim = std::get<Sign>(decision).claim;
    if (!stored || !(stored->claim == claim)) { INGOT_TRY(claims.write(applicant.name, claim, stored), ""); }
    INGOT_ASSIGN(auto signing, signing_ca(cloud_init::ca_of(pki, applicant.role)), "");
    const crypto::Identity ca{.certificate_pem = std::move(signing),
                              .key_pem = pki.keys.at(cloud_init::authority_of(applicant.role))};
    INGOT_ASSIGN(
        auto certificate,
        crypto::sign_request(ca, request.csr_pem,
                             leaf_of(node_.config.cluster, applicant.role, applicant.name, applicant.address),
                             environment_.clock.now()),
        "");
    return Grant{.certificate_pem = std::move(certificate), .trust = trust_of(pki, access_.generation)};
}

Result<std::unique_ptr<tls::Server>> serve(const NodeSpec& node, const cloud_init::AccessConfig& access,
                                           Environment& environment, std::function<EtcdSession()> open,
                                           std::uint16_t port) {
    constexpr unsigned kThreads = 4;
    constexpr unsigned kForOne = 3; // whoever holds all of his leaves one to the others
    const auto pki = [&environment](std::string_view file) {
        return environment.root.at(text::format("{}/{}", paths::kPki, file));
    };
    const auto signer = std::make_shared<Signer>(node, access, environment, std::move(open));
    return tls::Server::start({.address = node.address,
                               .port = port,
                               .ca_file = pki("ca-all.crt"),
                               .cert_file = pki("node.crt"),
                               .key_file = pki("node.key"),
                               .client = tls::ClientCertificate::optional,
                               .threads = kThreads,
                               .per_address = kForOne,
                               .refused =
                                   [](const std::string& address, const std::string& reason) {
                                       log::warning(text::format("join: no TLS with {}: {}", address, reason));
                                   }},
                              [signer](const tls::Request& request) { return signer->answer(request); });
}

} // namespace ingot::firstboot::join
