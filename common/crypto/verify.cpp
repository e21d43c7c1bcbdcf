// Reading certificates and deciding whether to trust them.
#include "common/crypto/crypto.hpp"

#include <arpa/inet.h>

#include <array>
#include <ctime>

#include "common/crypto/handles.hpp"
#include "common/crypto/request.hpp"
#include "common/text/text.hpp"

namespace ingot::crypto {

namespace {

constexpr std::size_t kMaxPem = std::size_t{1} << 20U;

BioHandle memory_bio(std::string_view text) {
    return BioHandle(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

Result<std::vector<CertificateHandle>> read_certificates(std::string_view pem) {
    if (pem.size() > kMaxPem) { return fail(ErrorKind::invalid_input, "larger than 1 MiB"); }
    const BioHandle bio = memory_bio(pem);
    if (!bio) { return fail_openssl(ErrorKind::bug, "reading PEM"); }
    std::vector<CertificateHandle> certificates;
    while (CertificateHandle certificate{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
        certificates.push_back(std::move(certificate));
    }
    const auto reason = ERR_GET_REASON(ERR_peek_last_error());
    if (reason != PEM_R_NO_START_LINE) { return fail_openssl(ErrorKind::invalid_input, "not a PEM certificate"); }
    ERR_clear_error();
    if (certificates.empty()) { return fail(ErrorKind::invalid_input, "not a PEM certificate"); }
    return certificates;
}

Result<clock::WallTime> wall_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) { return fail_openssl(ErrorKind::invalid_input, "a certificate's date"); }
    return clock::WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::string string_of(const ASN1_STRING* value) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
            static_cast<std::size_t>(ASN1_STRING_length(value))};
}

std::string subject_of(const X509* certificate) { return name_text(X509_get_subject_name(certificate)); }

std::string address_text(const ASN1_STRING* value) {
    const int family = ASN1_STRING_length(value) == 4 ? AF_INET : AF_INET6;
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    if (ASN1_STRING_length(value) != 4 && ASN1_STRING_length(value) != 16) { return {}; }
    const char* text = ::inet_ntop(family, ASN1_STRING_get0_data(value), buffer.data(), buffer.size());
    return text == nullptr ? "" : text;
}

void read_alternative_names(const X509* certificate, CertificateInfo& info) {
    const GeneralNamesHandle names(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    if (names) { read_names(names.get(), info.dns_names, info.ip_addresses); }
}

Status check_key_of(const X509* certificate, const Secret& key_pem) {
    INGOT_ASSIGN(const KeyHandle key, read_key(key_pem.reveal()), "");
    if (X509_check_private_key(certificate, key.get()) != 1) {
        ERR_clear_error();
        return fail(ErrorKind::refused,
                    text::format("the key does not belong to the certificate of {}", subject_of(certificate)));
    }
    return {};
}

} // namespace

std::string name_text(const X509_NAME* name) {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (!bio || X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) { return {}; }
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data); // NOLINT(cppcoreguidelines-pro-type-cstyle-cast): a macro
    return size <= 0 ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

std::string name_part(const X509_NAME* name, int nid) {
    const int index = X509_NAME_get_index_by_NID(name, nid, -1);
    if (index < 0) { return {}; }
    return string_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
}

std::string key_digest(X509_PUBKEY* key) {
    unsigned char* der = nullptr;
    const int size = key == nullptr ? -1 : i2d_X509_PUBKEY(key, &der);
    if (size <= 0) { return {}; }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
    auto digest = sha256_hex({reinterpret_cast<const char*>(der), static_cast<std::size_t>(size)});
    OPENSSL_free(der);
    return digest;
}

void read_names(const GENERAL_NAMES* names, std::vector<std::string>& dns_names,
                std::vector<std::string>& ip_addresses) {
    for (int index = 0; index < sk_GENERAL_NAME_num(names); ++index) {
        int type = 0;
        const void* value = GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names, index), &type);
        if (type == GEN_DNS) { dns_names.push_back(string_of(static_cast<const ASN1_STRING*>(value))); }
        if (type == GEN_IPADD) { ip_addresses.push_back(address_text(static_cast<const ASN1_STRING*>(value))); }
    }
}

Result<CertificateHandle> read_certificate(std::string_view pem) {
    INGOT_ASSIGN(auto certificates, read_certificates(pem), "");
    if (certificates.size() != 1) {
        return fail(ErrorKind::invalid_input,
                    text::format("{} certificates where one is expected", certificates.size()));
    }
    return std::move(certificates.front());
}

Result<KeyHandle> read_key(std::string_view pem) {
    if (pem.size() > kMaxPem) { return fail(ErrorKind::invalid_input, "larger than 1 MiB"); }
    const BioHandle bio = memory_bio(pem);
    if (!bio) { return fail_openssl(ErrorKind::bug, "reading PEM"); }
    KeyHandle key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
    if (!key) {
        ERR_clear_error(); // its reasons ("unsupported", "bad password read") help nobody
        return fail(ErrorKind::invalid_input, "not a PEM private key without pass phrase");
    }
    return key;
}

Result<CertificateInfo> inspect_certificate(std::string_view pem) {
    INGOT_ASSIGN(const CertificateHandle certificate, read_certificate(pem), "");
    const X509* const raw = certificate.get();
    CertificateInfo info;
    info.subject = subject_of(raw);
    info.common_name = name_part(X509_get_subject_name(raw), NID_commonName);
    INGOT_ASSIGN(info.not_before, wall_time(X509_get0_notBefore(raw)), "");
    INGOT_ASSIGN(info.not_after, wall_time(X509_get0_notAfter(raw)), "");
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    if (X509_digest(raw, EVP_sha256(), digest.data(), &size) != 1) {
        return fail_openssl(ErrorKind::bug, "fingerprint of a certificate");
    }
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
    info.fingerprint_sha256 = hex_encode({reinterpret_cast<const char*>(digest.data()), size});
    read_alternative_names(raw, info);
    const BasicConstraintsHandle constraints(
        static_cast<BASIC_CONSTRAINTS*>(X509_get_ext_d2i(raw, NID_basic_constraints, nullptr, nullptr)));
    info.is_ca = constraints && constraints->ca != 0;
    ERR_clear_error();
    return info;
}

Result<CertificateOwner> owner_of(std::string_view certificate_pem) {
    INGOT_ASSIGN(const CertificateHandle certificate, read_certificate(certificate_pem), "");
    const X509_NAME* const name = X509_get_subject_name(certificate.get());
    return CertificateOwner{.organization = name_part(name, NID_organizationName),
                            .unit = name_part(name, NID_organizationalUnitName),
                            .common_name = name_part(name, NID_commonName),
                            .key_sha256 = key_digest(X509_get_X509_PUBKEY(certificate.get()))};
}

Result<std::vector<std::string>> split_certificates(std::string_view bundle_pem) {
    INGOT_ASSIGN(const auto certificates, read_certificates(bundle_pem), "");
    std::vector<std::string> texts;
    for (const auto& certificate : certificates) {
        const BioHandle bio(BIO_new(BIO_s_mem()));
        char* data = nullptr;
        if (!bio || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) {
            return fail_openssl(ErrorKind::bug, "writing a certificate as PEM");
        }
        const long size = BIO_get_mem_data(bio.get(), &data); // NOLINT(cppcoreguidelines-pro-type-cstyle-cast)
        texts.emplace_back(data, static_cast<std::size_t>(size));
    }
    return texts;
}

Status check_key(std::string_view certificate_pem, const Secret& key_pem) {
    INGOT_ASSIGN(const CertificateHandle certificate, read_certificate(certificate_pem), "");
    return check_key_of(certificate.get(), key_pem);
}

Status verify_identity(std::string_view leaf_pem, const Secret& key_pem, std::string_view ca_bundle_pem,
                       clock::WallTime now) {
    INGOT_ASSIGN(const CertificateHandle leaf, read_certificate(leaf_pem), "reading the certificate");
    INGOT_ASSIGN(const auto authorities, read_certificates(ca_bundle_pem), "reading the CA certificates");
    const StoreHandle store(X509_STORE_new());
    const StoreContextHandle context(X509_STORE_CTX_new());
    if (!store || !context) { return fail_openssl(ErrorKind::bug, "verifying a certificate"); }
    for (const auto& authority : authorities) {
        if (X509_STORE_add_cert(store.get(), authority.get()) != 1) {
            return fail_openssl(ErrorKind::bug, "verifying a certificate");
        }
    }
    if (X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), nullptr) != 1) {
        return fail_openssl(ErrorKind::bug, "verifying a certificate");
    }
    // 112 bits at least: no RSA below 2048, no SHA-1, no MD5.
    X509_VERIFY_PARAM_set_auth_level(X509_STORE_CTX_get0_param(context.get()), 2);
    X509_STORE_CTX_set_time(
        context.get(), 0,
        std::chrono::system_clock::to_time_t(std::chrono::time_point_cast<std::chrono::seconds>(now)));
    if (X509_verify_cert(context.get()) != 1) {
        const char* const reason = X509_verify_cert_error_string(X509_STORE_CTX_get_error(context.get()));
        ERR_clear_error();
        return fail(ErrorKind::refused,
                    text::format("certificate {} is not trusted: {}", subject_of(leaf.get()), reason));
    }
    if (key_pem.empty()) { return {}; }
    return check_key_of(leaf.get(), key_pem);
}

} // namespace ingot::crypto
