// Certificate requests (PKCS#10): what a node that joins asks for. Only read here; what it gets is the signer's
// choice.
#include "common/crypto/request.hpp"

#include "common/crypto/handles.hpp"
#include "common/text/text.hpp"

namespace ingot::crypto {

namespace {

constexpr std::size_t kMaxRequest = std::size_t{16} << 10U;

std::string kind_of(const EVP_PKEY* key) {
    const char* const type = EVP_PKEY_get0_type_name(key);
    return text::format("{} {}", type == nullptr ? "unknown" : type, EVP_PKEY_get_bits(key));
}

/// Elliptic curves of 128 bits of strength or more. RSA is not among them: nobody here makes such keys.
bool is_accepted(const EVP_PKEY* key) {
    if (EVP_PKEY_is_a(key, "ED25519") == 1) { return true; }
    if (EVP_PKEY_is_a(key, "EC") != 1) { return false; }
    constexpr std::size_t kLongest = 64;
    std::string group(kLongest, '\0');
    std::size_t size = 0;
    if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1) { return false; }
    group.resize(size);
    return group == "prime256v1" || group == "secp384r1" || group == "P-256" || group == "P-384";
}

void read_extensions(X509_REQ* request, RequestInfo& info) {
    const ExtensionsHandle extensions(X509_REQ_get_extensions(request));
    if (!extensions) { return; }
    const GeneralNamesHandle names(
        static_cast<GENERAL_NAMES*>(X509V3_get_d2i(extensions.get(), NID_subject_alt_name, nullptr, nullptr)));
    if (names) { read_names(names.get(), info.dns_names, info.ip_addresses); }
    const BasicConstraintsHandle constraints(
        static_cast<BASIC_CONSTRAINTS*>(X509V3_get_d2i(extensions.get(), NID_basic_constraints, nullptr, nullptr)));
    info.asks_for_ca = constraints && constraints->ca != 0;
}

} // namespace

Result<RequestHandle> read_request(std::string_view pem) {
    if (pem.size() > kMaxRequest) { return fail(ErrorKind::invalid_input, "larger than 16 KiB"); }
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    if (!bio) { return fail_openssl(ErrorKind::bug, "reading PEM"); }
    RequestHandle request(PEM_read_bio_X509_REQ(bio.get(), nullptr, no_passphrase, nullptr));
    ERR_clear_error();
    if (!request) { return fail(ErrorKind::invalid_input, "not a PEM certificate request"); }
    return request;
}

Result<RequestInfo> inspect_request(std::string_view request_pem) {
    INGOT_ASSIGN(const RequestHandle request, read_request(request_pem), "");
    RequestInfo info;
    const X509_NAME* const name = X509_REQ_get_subject_name(request.get());
    info.subject = name_text(name);
    info.organization = name_part(name, NID_organizationName);
    info.unit = name_part(name, NID_organizationalUnitName);
    info.common_name = name_part(name, NID_commonName);
    EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
    if (key != nullptr) {
        info.key_kind = kind_of(key);
        info.key_accepted = is_accepted(key);
        info.key_sha256 = key_digest(X509_REQ_get_X509_PUBKEY(request.get()));
        info.signature_valid = X509_REQ_verify(request.get(), key) == 1;
    }
    read_extensions(request.get(), info);
    ERR_clear_error();
    return info;
}

} // namespace ingot::crypto
