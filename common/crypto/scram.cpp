// SCRAM-SHA-256 verifiers as PostgreSQL stores them (RFC 5802, RFC 5803): a server can check a password with
// one, and cannot log in anywhere with it.
#include "common/crypto/crypto.hpp"

#include <algorithm>
#include <array>

#include <openssl/hmac.h>

#include "common/crypto/handles.hpp"
#include "common/text/text.hpp"

namespace ingot::crypto {

namespace {

constexpr std::size_t kKeySize = 32; // SHA-256
constexpr std::string_view kScheme = "SCRAM-SHA-256";
using Key = std::array<unsigned char, kKeySize>;

// NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
std::string_view text_of(const Key& key) { return {reinterpret_cast<const char*>(key.data()), key.size()}; }
// NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)

bool hmac(const Key& key, std::string_view message, Key& out) {
    unsigned size = 0;
    return HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes_of(message), message.size(), out.data(),
                &size) != nullptr &&
           size == out.size();
}

bool is_key(std::string_view base64) {
    const auto key = base64_decode(base64);
    return key && key->size() == kKeySize;
}

} // namespace

Result<std::string> scram_verifier(const Secret& password, std::string_view salt_bytes, int iterations) {
    const std::string& plain = password.reveal();
    const auto printable = [](char character) { return character >= 0x20 && character < 0x7F; };
    if (plain.empty()) { return fail(ErrorKind::invalid_input, "an empty password has no verifier"); }
    if (!std::ranges::all_of(plain, printable)) {
        return fail(ErrorKind::invalid_input, "a password may hold printable ASCII characters only");
    }
    if (salt_bytes.empty() || iterations < 1) {
        return fail(ErrorKind::bug, "a SCRAM verifier needs a salt and at least one iteration");
    }
    Key salted{};
    Key client{};
    Key stored{};
    Key server{};
    unsigned size = 0;
    const bool made = PKCS5_PBKDF2_HMAC(plain.data(), static_cast<int>(plain.size()), bytes_of(salt_bytes),
                                        static_cast<int>(salt_bytes.size()), iterations, EVP_sha256(),
                                        static_cast<int>(salted.size()), salted.data()) == 1 &&
                      hmac(salted, "Client Key", client) && hmac(salted, "Server Key", server) &&
                      EVP_Digest(client.data(), client.size(), stored.data(), &size, EVP_sha256(), nullptr) == 1;
    OPENSSL_cleanse(salted.data(), salted.size());
    OPENSSL_cleanse(client.data(), client.size());
    if (!made) { return fail_openssl(ErrorKind::bug, "computing a SCRAM verifier"); }
    return text::format("{}${}:{}${}:{}", kScheme, iterations, base64_encode(salt_bytes),
                        base64_encode(text_of(stored)), base64_encode(text_of(server)));
}

bool is_scram_verifier(std::string_view text) {
    if (text.find_first_of(" \t\r\n") != std::string_view::npos) { return false; }
    const auto parts = text::split(text, '$');
    if (parts.size() != 3 || parts[0] != kScheme) { return false; }
    const auto head = text::split(parts[1], ':');
    const auto keys = text::split(parts[2], ':');
    if (head.size() != 2 || keys.size() != 2) { return false; }
    const auto iterations = text::to_number(head[0]);
    const auto salt = base64_decode(head[1]);
    return iterations && *iterations >= 1 && *iterations <= 10'000'000 && salt && !salt->empty() && is_key(keys[0]) &&
           is_key(keys[1]);
}

} // namespace ingot::crypto
