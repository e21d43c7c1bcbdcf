#include "common/crypto/signature.hpp"

#include <array>

#include "common/crypto/handles.hpp"

namespace ingot::crypto {

namespace {

constexpr std::size_t kSignatureSize = 64;

std::string text_of(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data); // NOLINT: OpenSSL's macro casts
    return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

Result<std::string> public_pem_of(EVP_PKEY* key) {
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_PUBKEY(bio.get(), key) != 1) {
        return fail_openssl(ErrorKind::bug, "writing a public key");
    }
    return text_of(bio.get());
}

Result<KeyHandle> read_signing_key(const Secret& pem) {
    INGOT_ASSIGN(auto key, read_key(pem.reveal()), "");
    if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
        return fail(ErrorKind::invalid_input, "this is not an Ed25519 key; `ingot key new` makes one");
    }
    return key;
}

Result<KeyHandle> read_public_key(std::string_view pem) {
    const BioHandle bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
    KeyHandle key(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr) : nullptr);
    if (!key) { return fail_openssl(ErrorKind::invalid_input, "this is not a public key in PEM"); }
    if (EVP_PKEY_get_id(key.get()) != EVP_PKEY_ED25519) {
        return fail(ErrorKind::invalid_input, "this is not an Ed25519 public key");
    }
    return key;
}

} // namespace

Result<SigningKey> make_signing_key() {
    const KeyHandle key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    const BioHandle bio(BIO_new(BIO_s_secmem()));
    if (!key || !bio ||
        PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
        return fail_openssl(ErrorKind::bug, "making an Ed25519 key");
    }
    INGOT_ASSIGN(auto public_pem, public_pem_of(key.get()), "");
    return SigningKey{.private_pem = Secret(text_of(bio.get())), .public_pem = std::move(public_pem)};
}

Result<std::string> public_key_of(const Secret& private_pem) {
    INGOT_ASSIGN(const auto key, read_signing_key(private_pem), "");
    return public_pem_of(key.get());
}

Result<std::string> sign(const Secret& private_pem, std::string_view message) {
    INGOT_ASSIGN(const auto key, read_signing_key(private_pem), "");
    const DigestHandle context(EVP_MD_CTX_new());
    std::array<unsigned char, kSignatureSize> signature{};
    std::size_t size = signature.size();
    if (!context || EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, bytes_of(message), message.size()) != 1) {
        return fail_openssl(ErrorKind::bug, "signing");
    }
    return std::string(signature.begin(), signature.begin() + static_cast<std::ptrdiff_t>(size));
}

Status verify_signature(std::string_view public_pem, std::string_view message, std::string_view signature) {
    INGOT_ASSIGN(const auto key, read_public_key(public_pem), "");
    const DigestHandle context(EVP_MD_CTX_new());
    if (!context || EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) {
        return fail_openssl(ErrorKind::bug, "checking a signature");
    }
    const bool good =
        signature.size() == kSignatureSize && EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(),
                                                               bytes_of(message), message.size()) == 1;
    ERR_clear_error();
    if (!good) { return fail(ErrorKind::refused, "the signature is not this key's"); }
    return {};
}

Result<std::string> key_fingerprint(std::string_view public_pem) {
    INGOT_ASSIGN(const auto key, read_public_key(public_pem), "");
    const BioHandle bio(BIO_new(BIO_s_mem()));
    if (!bio || i2d_PUBKEY_bio(bio.get(), key.get()) != 1) { return fail_openssl(ErrorKind::bug, "encoding a key"); }
    return sha256_hex(text_of(bio.get()));
}

} // namespace ingot::crypto
