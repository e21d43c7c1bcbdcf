// Making certificates: the three CAs of a cluster and the leaves they sign.
//
// A CA may sign only for its own role, and this does not rest on our code: each CA carries a name constraint to
// "O=<cluster>, OU=<role>", which OpenSSL enforces when it verifies a chain. So whoever steals the
// proxies' CA key cannot mint a certificate that PostgreSQL takes for a database node. The constraint is not
// critical only because Go (etcd) refuses critical constraints of a kind that it does not know; etcd does not need
// it, it trusts members of the etcd CA alone. RFC 5280 compares the constraint with the beginning of
// the subject, hence the order O, OU, CN everywhere.
#include "common/crypto/crypto.hpp"

#include <arpa/inet.h>

#include <array>
#include <ctime>

#include "common/crypto/handles.hpp"
#include "common/crypto/request.hpp"
#include "common/text/text.hpp"

namespace ingot::crypto {

namespace {

constexpr std::chrono::hours kBackdate{1}; // clocks of fresh machines differ
constexpr std::chrono::days kCaLifetime{3650};

std::time_t seconds_of(clock::WallTime time) {
    return std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(time));
}

Status add_name_part(X509_NAME* name, const char* field, std::string_view value) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
    const auto* bytes = reinterpret_cast<const unsigned char*>(value.data());
    if (value.empty() ||
        X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8, bytes, static_cast<int>(value.size()), -1, 0) != 1) {
        return fail_openssl(ErrorKind::invalid_input,
                            text::format("'{}' cannot be {} of a certificate", value, field));
    }
    return {};
}

Result<NameHandle> make_name(std::string_view cluster, std::string_view role, std::string_view common_name) {
    NameHandle name(X509_NAME_new());
    if (!name) { return fail_openssl(ErrorKind::bug, "making a certificate name"); }
    INGOT_TRY(add_name_part(name.get(), "O", cluster), "");
    INGOT_TRY(add_name_part(name.get(), "OU", role), "");
    if (!common_name.empty()) { INGOT_TRY(add_name_part(name.get(), "CN", common_name), ""); }
    return name;
}

Result<KeyHandle> make_key() {
    KeyHandle key(EVP_EC_gen("P-256"));
    if (!key) { return fail_openssl(ErrorKind::bug, "making a P-256 key"); }
    return key;
}

Result<std::string> bio_text(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data); // NOLINT(cppcoreguidelines-pro-type-cstyle-cast): a macro
    if (size < 0) { return fail_openssl(ErrorKind::bug, "reading a memory BIO"); }
    return std::string(data, static_cast<std::size_t>(size));
}

Result<Secret> key_text(EVP_PKEY* key) {
    const BioHandle bio(BIO_new(BIO_s_secmem()));
    if (!bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return fail_openssl(ErrorKind::bug, "writing a key as PEM");
    }
    INGOT_ASSIGN(auto pem, bio_text(bio.get()), "");
    return Secret(std::move(pem));
}

/// An extension from OpenSSL's text form. Only for constant texts: the form is a language of its own.
Status add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const ExtensionHandle extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
        return fail_openssl(ErrorKind::bug, text::format("adding {}", OBJ_nid2sn(nid)));
    }
    return {};
}

/// "Only subjects that begin with O=<cluster>, OU=<one of the roles>."
Status add_name_constraint(X509* certificate, std::string_view cluster, const std::vector<std::string>& roles) {
    const ConstraintsHandle constraints(NAME_CONSTRAINTS_new());
    if (!constraints) { return fail_openssl(ErrorKind::bug, "making a name constraint"); }
    constraints->permittedSubtrees = sk_GENERAL_SUBTREE_new_null();
    if (constraints->permittedSubtrees == nullptr) {
        return fail_openssl(ErrorKind::bug, "making a name constraint");
    }
    for (const auto& role : roles) {
        INGOT_ASSIGN(NameHandle name, make_name(cluster, role, {}), "");
        SubtreeHandle subtree(GENERAL_SUBTREE_new());
        if (!subtree) { return fail_openssl(ErrorKind::bug, "making a name constraint"); }
        GENERAL_NAME_set0_value(subtree->base, GEN_DIRNAME, name.release());
        if (sk_GENERAL_SUBTREE_push(constraints->permittedSubtrees, subtree.get()) == 0) {
            return fail_openssl(ErrorKind::bug, "making a name constraint");
        }
        subtree.release(); // NOLINT(bugprone-unused-return-value): the stack owns it
    }
    if (X509_add1_ext_i2d(certificate, NID_name_constraints, constraints.get(), 0, X509V3_ADD_DEFAULT) != 1) {
        return fail_openssl(ErrorKind::bug, "adding a name constraint");
    }
    return {};
}

Status push_name(GENERAL_NAMES* names, int type, const void* bytes, std::size_t size) {
    GeneralNameHandle name(GENERAL_NAME_new());
    ASN1_STRING* value = type == GEN_IPADD ? ASN1_OCTET_STRING_new() : ASN1_IA5STRING_new();
    if (name == nullptr || value == nullptr) {
        ASN1_STRING_free(value);
        return fail_openssl(ErrorKind::bug, "making an alternative name");
    }
    GENERAL_NAME_set0_value(name.get(), type, value); // owns it from here on
    if (ASN1_STRING_set(value, bytes, static_cast<int>(size)) != 1 || sk_GENERAL_NAME_push(names, name.get()) == 0) {
        return fail_openssl(ErrorKind::bug, "making an alternative name");
    }
    name.release(); // NOLINT(bugprone-unused-return-value): the stack owns it
    return {};
}

Status push_address(GENERAL_NAMES* names, const std::string& address) {
    std::array<unsigned char, 16> bytes{};
    std::size_t size = 0;
    if (::inet_pton(AF_INET, address.c_str(), bytes.data()) == 1) {
        size = 4;
    } else if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1) {
        size = 16;
    } else {
        return fail(ErrorKind::invalid_input, text::format("'{}' is no IP address", address));
    }
    return push_name(names, GEN_IPADD, bytes.data(), size);
}

/// Built by hand: OpenSSL's text form would let a comma in a name add another one.
Result<GeneralNamesHandle> make_alternative_names(const LeafRequest& request) {
    GeneralNamesHandle names(GENERAL_NAMES_new());
    if (!names) { return fail_openssl(ErrorKind::bug, "making alternative names"); }
    for (const auto& name : request.dns_names) {
        if (name.empty() || name.size() > 253 ||
            name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") != std::string::npos) {
            return fail(ErrorKind::invalid_input, text::format("'{}' is no DNS name", name));
        }
        INGOT_TRY(push_name(names.get(), GEN_DNS, name.data(), name.size()), "");
    }
    for (const auto& address : request.ip_addresses) { INGOT_TRY(push_address(names.get(), address), ""); }
    return names;
}

Status add_alternative_names(X509* certificate, const LeafRequest& request) {
    if (request.dns_names.empty() && request.ip_addresses.empty()) { return {}; }
    INGOT_ASSIGN(const GeneralNamesHandle names, make_alternative_names(request), "");
    if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
        return fail_openssl(ErrorKind::bug, "adding alternative names");
    }
    return {};
}

/// A certificate without extensions and signature: serial, validity, key, subject.
Result<CertificateHandle> begin_certificate(EVP_PKEY* key, const X509_NAME* subject, clock::WallTime now,
                                            std::chrono::days lifetime) {
    CertificateHandle certificate(X509_new());
    std::string serial = random_bytes(16);
    serial[0] = static_cast<char>((static_cast<unsigned char>(serial[0]) & 0x7FU) | 0x40U); // positive, never zero
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
    const auto* bytes = reinterpret_cast<const unsigned char*>(serial.data());
    const Handle<BIGNUM, BN_free> number(BN_bin2bn(bytes, static_cast<int>(serial.size()), nullptr));
    if (!certificate || !number || X509_set_version(certificate.get(), X509_VERSION_3) != 1 ||
        BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate.get())) == nullptr ||
        ASN1_TIME_set(X509_getm_notBefore(certificate.get()), seconds_of(now - kBackdate)) == nullptr ||
        ASN1_TIME_set(X509_getm_notAfter(certificate.get()), seconds_of(now - kBackdate + lifetime)) == nullptr ||
        X509_set_pubkey(certificate.get(), key) != 1 || X509_set_subject_name(certificate.get(), subject) != 1) {
        return fail_openssl(ErrorKind::bug, "making a certificate");
    }
    return certificate;
}

/// Signs with `signer` and writes the certificate as PEM.
Result<std::string> finish(X509* certificate, EVP_PKEY* signer) {
    if (X509_sign(certificate, signer, EVP_sha256()) == 0) {
        return fail_openssl(ErrorKind::bug, "signing a certificate");
    }
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) {
        return fail_openssl(ErrorKind::bug, "writing a certificate as PEM");
    }
    return bio_text(bio.get());
}

/// A certificate of `ca` for the public half of `key`, saying what `request` says and nothing else.
Result<std::string> certify(const Identity& ca, EVP_PKEY* key, const LeafRequest& request, clock::WallTime now) {
    INGOT_ASSIGN(const CertificateHandle issuer, read_certificate(ca.certificate_pem), "reading the CA certificate");
    INGOT_ASSIGN(const KeyHandle issuer_key, read_key(ca.key_pem.reveal()), "reading the CA key");
    if (X509_check_private_key(issuer.get(), issuer_key.get()) != 1) {
        return fail_openssl(ErrorKind::invalid_input, "the CA key does not belong to the CA certificate");
    }
    if (request.common_name.empty()) { return fail(ErrorKind::invalid_input, "a leaf certificate needs a name"); }
    INGOT_ASSIGN(const NameHandle name, make_name(request.cluster, request.role, request.common_name), "");
    INGOT_ASSIGN(const CertificateHandle certificate, begin_certificate(key, name.get(), now, request.lifetime), "");
    X509* const raw = certificate.get();
    if (X509_set_issuer_name(raw, X509_get_subject_name(issuer.get())) != 1) {
        return fail_openssl(ErrorKind::bug, "making a leaf");
    }
    INGOT_TRY(add_extension(raw, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"), "");
    INGOT_TRY(add_extension(raw, issuer.get(), NID_key_usage, "critical,digitalSignature"), "");
    INGOT_TRY(add_extension(raw, issuer.get(), NID_ext_key_usage, "serverAuth,clientAuth"), "");
    INGOT_TRY(add_extension(raw, issuer.get(), NID_subject_key_identifier, "hash"), "");
    INGOT_TRY(add_extension(raw, issuer.get(), NID_authority_key_identifier, "keyid:always"), "");
    INGOT_TRY(add_alternative_names(raw, request), "");
    return finish(raw, issuer_key.get());
}

} // namespace

Result<Identity> make_ca(std::string_view cluster, std::string_view role, clock::WallTime now,
                         std::vector<std::string> also) {
    INGOT_ASSIGN(const KeyHandle key, make_key(), "");
    INGOT_ASSIGN(const NameHandle name, make_name(cluster, role, text::format("{} {} CA", cluster, role)), "");
    INGOT_ASSIGN(const CertificateHandle certificate, begin_certificate(key.get(), name.get(), now, kCaLifetime), "");
    X509* const raw = certificate.get();
    if (X509_set_issuer_name(raw, name.get()) != 1) { return fail_openssl(ErrorKind::bug, "making a CA"); }
    INGOT_TRY(add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE,pathlen:0"), "");
    INGOT_TRY(add_extension(raw, raw, NID_key_usage, "critical,keyCertSign,cRLSign"), "");
    INGOT_TRY(add_extension(raw, raw, NID_subject_key_identifier, "hash"), "");
    INGOT_TRY(add_extension(raw, raw, NID_authority_key_identifier, "keyid:always"), "");
    also.emplace_back(role);
    INGOT_TRY(add_name_constraint(raw, cluster, also), "");
    INGOT_ASSIGN(auto certificate_pem, finish(raw, key.get()), "");
    INGOT_ASSIGN(auto key_pem, key_text(key.get()), "");
    return Identity{.certificate_pem = std::move(certificate_pem), .key_pem = std::move(key_pem)};
}

Result<Identity> issue_leaf(const Identity& ca, const LeafRequest& request, clock::WallTime now) {
    INGOT_ASSIGN(const KeyHandle key, make_key(), "");
    INGOT_ASSIGN(auto certificate_pem, certify(ca, key.get(), request, now), "");
    INGOT_ASSIGN(auto key_pem, key_text(key.get()), "");
    return Identity{.certificate_pem = std::move(certificate_pem), .key_pem = std::move(key_pem)};
}

Result<Secret> make_private_key() {
    INGOT_ASSIGN(const KeyHandle key, make_key(), "");
    return key_text(key.get());
}

Result<std::string> make_request(const Secret& key_pem, const LeafRequest& wanted) {
    INGOT_ASSIGN(const KeyHandle key, read_key(key_pem.reveal()), "reading the node's key");
    INGOT_ASSIGN(const NameHandle name, make_name(wanted.cluster, wanted.role, wanted.common_name), "");
    INGOT_ASSIGN(const GeneralNamesHandle names, make_alternative_names(wanted), "");
    const RequestHandle request(X509_REQ_new());
    const ExtensionsHandle extensions(sk_X509_EXTENSION_new_null());
    if (!request || !extensions || X509_REQ_set_version(request.get(), X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_subject_name(request.get(), name.get()) != 1 ||
        X509_REQ_set_pubkey(request.get(), key.get()) != 1) {
        return fail_openssl(ErrorKind::bug, "making a certificate request");
    }
    ExtensionHandle alternative(X509V3_EXT_i2d(NID_subject_alt_name, 0, names.get()));
    if (!alternative || sk_X509_EXTENSION_push(extensions.get(), alternative.get()) == 0) {
        return fail_openssl(ErrorKind::bug, "making a certificate request");
    }
    alternative.release(); // NOLINT(bugprone-unused-return-value): the stack owns it
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (X509_REQ_add_extensions(request.get(), extensions.get()) != 1 ||
        X509_REQ_sign(request.get(), key.get(), EVP_sha256()) == 0 || !bio ||
        PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1) {
        return fail_openssl(ErrorKind::bug, "signing a certificate request");
    }
    return bio_text(bio.get());
}

Result<std::string> sign_request(const Identity& ca, std::string_view request_pem, const LeafRequest& leaf,
                                 clock::WallTime now) {
    INGOT_ASSIGN(const RequestHandle request, read_request(request_pem), "reading the certificate request");
    EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr) { return fail_openssl(ErrorKind::invalid_input, "a certificate request without key"); }
    return certify(ca, key, leaf, now);
}

} // namespace ingot::crypto
