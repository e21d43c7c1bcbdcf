// Digests and the two encodings of bytes as text.
#include "common/crypto/crypto.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "common/crypto/handles.hpp"
#include "common/crypto/request.hpp"
#include "common/files/files.hpp"
#include "common/text/text.hpp"

namespace ingot::crypto {

namespace {

constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

EVP_MD_CTX* context_of(void* opaque) { return static_cast<EVP_MD_CTX*>(opaque); }

/// SHA-256 of OpenSSL fails only without memory or without its default provider.
void must(bool success) {
    if (!success) {
        std::fputs("SHA-256: OpenSSL failed\n", stderr); // NOLINT(cert-err33-c): these are the last words
        std::abort();
    }
}

} // namespace

std::string base64_encode(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        std::uint32_t group = 0;
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - at);
        for (std::size_t index = 0; index < 3; ++index) {
            group = (group << 8U) | (index < count ? static_cast<unsigned char>(bytes[at + index]) : 0U);
        }
        for (std::size_t index = 0; index < 4; ++index) {
            out += index <= count ? kBase64[(group >> (18U - 6U * index)) & 0x3FU] : '=';
        }
    }
    return out;
}

Result<std::string> base64_decode(std::string_view text) {
    std::string out;
    std::uint32_t group = 0;
    std::size_t letters = 0;
    std::size_t padding = 0;
    for (const char character : text) {
        if (character == ' ' || character == '\n' || character == '\r' || character == '\t') { continue; }
        if (character == '=') {
            ++padding;
            continue;
        }
        const auto value = kBase64.find(character);
        if (value == std::string_view::npos) {
            return fail(ErrorKind::invalid_input, "base64: a character that does not belong there");
        }
        if (padding > 0) { return fail(ErrorKind::invalid_input, "base64: text behind the padding"); }
        group = (group << 6U) | static_cast<std::uint32_t>(value);
        if (++letters % 4 == 0) {
            out += static_cast<char>((group >> 16U) & 0xFFU);
            out += static_cast<char>((group >> 8U) & 0xFFU);
            out += static_cast<char>(group & 0xFFU);
            group = 0;
        }
    }
    const std::size_t rest = letters % 4;
    if (rest == 1 || padding != (rest == 0 ? 0U : 4U - rest)) {
        return fail(ErrorKind::invalid_input, "base64: cut off");
    }
    const std::uint32_t unused = rest == 2 ? 0x0FU : rest == 3 ? 0x03U : 0U;
    if ((group & unused) != 0) { return fail(ErrorKind::invalid_input, "base64: stray bits at the end"); }
    if (rest == 2) { out += static_cast<char>((group >> 4U) & 0xFFU); }
    if (rest == 3) {
        out += static_cast<char>((group >> 10U) & 0xFFU);
        out += static_cast<char>((group >> 2U) & 0xFFU);
    }
    return out;
}

std::string hex_encode(std::string_view bytes) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const char byte : bytes) {
        out += kHex[static_cast<unsigned char>(byte) >> 4U];
        out += kHex[static_cast<unsigned char>(byte) & 0x0FU];
    }
    return out;
}

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
    must(context_ != nullptr && EVP_DigestInit_ex(context_of(context_), EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() { EVP_MD_CTX_free(context_of(context_)); }

void Sha256::update(std::string_view bytes) {
    must(EVP_DigestUpdate(context_of(context_), bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish_hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned size = 0;
    must(EVP_DigestFinal_ex(context_of(context_), digest.data(), &size) == 1);
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): bytes as text
    return hex_encode({reinterpret_cast<const char*>(digest.data()), size});
}

std::string sha256_hex(std::string_view bytes) {
    Sha256 digest;
    digest.update(bytes);
    return digest.finish_hex();
}

std::string hmac_sha256(const Secret& key, std::string_view message) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
    unsigned size = 0;
    // NOLINTBEGIN(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
    must(HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.reveal().size()),
              reinterpret_cast<const unsigned char*>(message.data()), message.size(), mac.data(), &size) != nullptr);
    return {reinterpret_cast<const char*>(mac.data()), size};
    // NOLINTEND(cppcoreguidelines-pro-type-reinterpret-cast)
}

bool same_bytes(std::string_view left, std::string_view right) {
    return left.size() == right.size() && CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

Result<std::string> sha256_file(const std::filesystem::path& path) {
    const files::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC)); // NOLINT(cppcoreguidelines-pro-type-vararg)
    if (!file.valid()) { return fail_errno(errno, path.string()); }
    Sha256 digest;
    std::string buffer(std::size_t{256} << 10U, '\0');
    while (true) {
        const auto count = ::read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) { continue; }
        if (count < 0) { return fail_errno(errno, path.string()); }
        if (count == 0) { return digest.finish_hex(); }
        digest.update({buffer.data(), static_cast<std::size_t>(count)});
    }
}

} // namespace ingot::crypto
