// OpenSSL's handles as owners, and its error queue as an Error. Only for the files of this folder.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "common/result/result.hpp"

namespace ingot::crypto {

/// Calls an OpenSSL free function.
template <auto Function>
struct Free {
    template <typename T>
    void operator()(T* handle) const noexcept {
        Function(handle);
    }
};

template <typename T, auto Function>
using Handle = std::unique_ptr<T, Free<Function>>;

using BioHandle = Handle<BIO, BIO_free_all>;
using KeyHandle = Handle<EVP_PKEY, EVP_PKEY_free>;
using DigestHandle = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using CertificateHandle = Handle<X509, X509_free>;
using NameHandle = Handle<X509_NAME, X509_NAME_free>;
using ExtensionHandle = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using GeneralNameHandle = Handle<GENERAL_NAME, GENERAL_NAME_free>;
using GeneralNamesHandle = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
using ConstraintsHandle = Handle<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free>;
using SubtreeHandle = Handle<GENERAL_SUBTREE, GENERAL_SUBTREE_free>;
using StoreHandle = Handle<X509_STORE, X509_STORE_free>;
using StoreContextHandle = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;
inline void free_extensions(STACK_OF(X509_EXTENSION) * extensions) {
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}
using ExtensionsHandle = Handle<STACK_OF(X509_EXTENSION), free_extensions>;
using RequestHandle = Handle<X509_REQ, X509_REQ_free>;
using BasicConstraintsHandle = Handle<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free>;

/// "WHAT: reason", with OpenSSL's first queued reason; empties the queue.
inline Error fail_openssl(ErrorKind kind, std::string_view what) {
    const unsigned long code = ERR_get_error();
    const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    std::string message(what);
    if (reason != nullptr) { message += std::string(": ") + reason; }
    return fail(kind, std::move(message));
}

/// Keeps OpenSSL from asking on the terminal.
inline int no_passphrase(char* /*buffer*/, int /*size*/, int /*writing*/, void* /*data*/) { return -1; }

/// OpenSSL's bytes are unsigned.
inline const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data()); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

/// The exactly one certificate of a PEM text. invalid_input otherwise.
Result<CertificateHandle> read_certificate(std::string_view pem);
/// A PEM certificate request (PKCS#10).
Result<RequestHandle> read_request(std::string_view pem);
/// A PEM private key. invalid_input otherwise; never asks anybody for a pass phrase.
Result<KeyHandle> read_key(std::string_view pem);

/// "CN=db-1,OU=db,O=orders".
std::string name_text(const X509_NAME* name);
/// The first value of a field of a name; empty if it has none.
std::string name_part(const X509_NAME* name, int nid);
/// SHA-256 over the public key's DER, in hexadecimal; empty on failure.
std::string key_digest(X509_PUBKEY* key);
/// DNS names and addresses of a subjectAltName.
void read_names(const GENERAL_NAMES* names, std::vector<std::string>& dns_names,
                std::vector<std::string>& ip_addresses);

} // namespace ingot::crypto
