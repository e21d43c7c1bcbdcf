// Signed user-data. Who can write the metadata of a machine is root on it: whoever runs the provider's service, or
// answers in its place. An image that carries a public key takes user-data only from the holder of the private one.
//
// Most providers have one field for user-data and nowhere to put a signature, so it is the last line of the text:
//
//     #ingot-signature: BASE64
//
// over every byte before that line. It is a comment in YAML and in scripts and lies behind the end of a MIME message,
// so that the signed text still means the same to every reader. Where there is room for a second file the signature
// may lie beside the text instead, 64 bytes or base64. What the signature does not say is for when and for which
// machine: an old text of the same key is good for ever.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/signature.hpp"
#include "common/result/result.hpp"

namespace ingot::cloud_init {

/// The text with its signature as the last line, in place of one that is there. It ends with a line end.
Result<std::string> sign_user_data(std::string_view text, const crypto::Secret& private_pem);

/// The public keys of a file that holds several, one PEM block each. invalid_input if one of them is no Ed25519 key,
/// or if there is none.
Result<std::vector<std::string>> read_public_keys(std::string_view pem);

/// refused if neither the last line nor `beside` (which may be empty) is a signature of one of the keys.
Status verify_user_data(std::string_view text, const std::vector<std::string>& public_keys,
                        std::string_view beside = {});

} // namespace ingot::cloud_init
