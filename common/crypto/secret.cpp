// Secrets: wiped when they die; random bytes, ids and passwords.
#include "common/crypto/crypto.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "common/text/text.hpp"

namespace ingot::crypto {

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe();
        value_ = std::move(other.value_);
        other.wipe();
    }
    return *this;
}

Secret& Secret::operator=(const Secret& other) {
    if (this != &other) {
        wipe();
        value_ = other.value_;
    }
    return *this;
}

void Secret::wipe() noexcept {
    // The whole buffer: a moved-from short text still has its letters in place.
    value_.resize(value_.capacity());
    OPENSSL_cleanse(value_.data(), value_.size());
    value_.clear();
}

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's bytes are unsigned
    if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
        // NOLINTNEXTLINE(cert-err33-c): these are the last words
        std::fputs("no random numbers: OpenSSL's generator failed\n", stderr);
        std::abort();
    }
    return bytes;
}

std::string random_uuid() {
    std::string bytes = random_bytes(16);
    bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U); // version 4
    bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U); // RFC 4122 variant
    const auto hex = hex_encode(bytes);
    return text::format("{}-{}-{}-{}-{}", hex.substr(0, 8), hex.substr(8, 4), hex.substr(12, 4), hex.substr(16, 4),
                        hex.substr(20));
}

Secret random_password(std::size_t length) {
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    constexpr std::size_t kFair = 256 / kAlphabet.size() * kAlphabet.size(); // bytes above would favour some letters
    std::string password;
    password.reserve(length);
    while (password.size() < length) {
        for (const char byte : random_bytes(length)) {
            const auto value = static_cast<unsigned char>(byte);
            if (value < kFair && password.size() < length) { password += kAlphabet[value % kAlphabet.size()]; }
        }
    }
    return Secret(std::move(password));
}

} // namespace ingot::crypto
