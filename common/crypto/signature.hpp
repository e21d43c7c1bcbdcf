// Ed25519 signatures, as `openssl pkeyutl -sign -rawin` makes them: 64 bytes over the message itself.
#pragma once

#include <string>
#include <string_view>

#include "common/crypto/crypto.hpp"
#include "common/result/result.hpp"

namespace ingot::crypto {

struct SigningKey {
    Secret private_pem; ///< PKCS#8
    std::string public_pem;
};

Result<SigningKey> make_signing_key();

/// The public half of a private key. invalid_input if it is no Ed25519 key.
Result<std::string> public_key_of(const Secret& private_pem);

/// 64 bytes. invalid_input if it is no Ed25519 key.
Result<std::string> sign(const Secret& private_pem, std::string_view message);

/// refused if `signature` is not this key's for this message; invalid_input if the key is no Ed25519 public key.
Status verify_signature(std::string_view public_pem, std::string_view message, std::string_view signature);

/// By which a person tells keys apart: SHA-256 over the public key's DER, in hexadecimal.
Result<std::string> key_fingerprint(std::string_view public_pem);

} // namespace ingot::crypto
