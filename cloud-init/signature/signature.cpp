#include "cloud-init/signature/signature.hpp"

#include <algorithm>
#include <optional>

#include "common/text/text.hpp"

namespace ingot::cloud_init {

namespace {

constexpr std::string_view kMark = "#ingot-signature:";
constexpr std::size_t kSignatureSize = 64;

struct Signed {
    std::string_view body;      ///< everything before the line
    std::string_view signature; ///< base64; empty if there is no such line
};

/// Providers cut blanks and line ends off the end, or add some.
Signed take_apart(std::string_view text) {
    auto end = text.find_last_not_of(" \t\r\n");
    if (end == std::string_view::npos) { return {.body = text, .signature = {}}; }
    const auto whole = text.substr(0, end + 1);
    const auto line_end = whole.find_last_of('\n');
    const auto begin = line_end == std::string_view::npos ? 0 : line_end + 1;
    const auto line = whole.substr(begin);
    if (!line.starts_with(kMark)) { return {.body = text, .signature = {}}; }
    return {.body = text.substr(0, begin), .signature = text::trim(line.substr(kMark.size()))};
}

/// 64 bytes as they are, or in base64.
std::optional<std::string> bytes_of(std::string_view signature) {
    if (signature.size() == kSignatureSize) { return std::string(signature); }
    auto decoded = crypto::base64_decode(text::trim(signature));
    if (!decoded || decoded->size() != kSignatureSize) { return std::nullopt; }
    return *std::move(decoded);
}

bool is_by_one_of(const std::vector<std::string>& keys, std::string_view message, const std::string& signature) {
    return std::ranges::any_of(
        keys, [&](const std::string& key) { return crypto::verify_signature(key, message, signature).has_value(); });
}

} // namespace

Result<std::string> sign_user_data(std::string_view text, const crypto::Secret& private_pem) {
    std::string body(take_apart(text).body);
    if (!body.empty() && !body.ends_with('\n')) { body += '\n'; }
    INGOT_ASSIGN(const auto signature, crypto::sign(private_pem, body), "signing the user-data");
    return text::format("{}{} {}\n", body, kMark, crypto::base64_encode(signature));
}

Result<std::vector<std::string>> read_public_keys(std::string_view pem) {
    constexpr std::string_view kEnd = "-----END PUBLIC KEY-----";
    std::vector<std::string> keys;
    for (auto end = pem.find(kEnd); end != std::string_view::npos; end = pem.find(kEnd)) {
        std::string key(text::trim(pem.substr(0, end + kEnd.size())));
        pem.remove_prefix(end + kEnd.size());
        key += '\n';
        INGOT_TRY(crypto::key_fingerprint(key), "");
        keys.push_back(std::move(key));
    }
    if (keys.empty() || !text::trim(pem).empty()) {
        return fail(ErrorKind::invalid_input, "this is not a public key in PEM, as `ingot key new` writes it");
    }
    return keys;
}

Status verify_user_data(std::string_view text, const std::vector<std::string>& public_keys, std::string_view beside) {
    const auto parts = take_apart(text);
    if (const auto signature = bytes_of(beside); signature && is_by_one_of(public_keys, text, *signature)) {
        return {};
    }
    if (const auto signature = bytes_of(parts.signature);
        signature && is_by_one_of(public_keys, parts.body, *signature)) {
        return {};
    }
    if (parts.signature.empty() && beside.empty()) {
        return fail(ErrorKind::refused, "the user-data is not signed, and this image takes only what is: "
                                        "`ingot sign --key KEY FILE` signs it");
    }
    return fail(ErrorKind::refused, "the user-data has a signature that is not of a key of this image, or it was "
                                    "changed after it was signed");
}

} // namespace ingot::cloud_init
