#include "installer/trust/trust.hpp"

#include "common/crypto/signature.hpp"
#include "common/json/json.hpp"
#include "common/text/text.hpp"
#include "installer/line/line.hpp"

namespace ingot::installer {

namespace {

constexpr std::uint64_t kManifestLimit = 16U << 20U;
constexpr std::uint64_t kSignatureLimit = 1024;
constexpr std::uint64_t kMapLimit = 64U << 20U;

} // namespace

Result<std::string> trusted_map(const Trust& trust, std::string_view manifest, std::string_view signature) {
    if (trust.public_key.empty()) {
        if (is_sha256(trust.map_sha256)) { return trust.map_sha256; }
        return fail(ErrorKind::refused, "there is neither a key that has to have signed the image, nor the digest of "
                                        "its map: nothing is written that anybody could have changed");
    }
    INGOT_TRY(crypto::verify_signature(trust.public_key, manifest, signature), "manifest.json");
    INGOT_ASSIGN(const auto value, json::parse(manifest), "manifest.json");
    for (const auto& file : json::member(value, "files")) {
        if (json::string_at(file, "name") != diskmap::kFileName) { continue; }
        auto digest = json::string_at(file, "sha256").value_or("");
        if (!trust.map_sha256.empty() && digest != trust.map_sha256) {
            return fail(ErrorKind::refused, "the image is signed, but it is not the one that the command line names");
        }
        return digest;
    }
    return fail(ErrorKind::invalid_input,
                text::format("manifest.json has no {}: the image has no format raw.zst", diskmap::kFileName));
}

Result<Image> fetch_image(Client& client, std::string_view base, const Trust& trust) {
    const auto get = [&](std::string_view name, std::uint64_t limit) -> Result<std::string> {
        INGOT_ASSIGN(const auto url, beside(base, name), "");
        return client.get(url, limit);
    };
    std::string manifest;
    std::string signature;
    if (!trust.public_key.empty()) {
        INGOT_ASSIGN(manifest, get("manifest.json", kManifestLimit), "");
        auto signed_by = get("manifest.json.sig", kSignatureLimit);
        if (!signed_by && signed_by.error().kind == ErrorKind::not_found) {
            return fail(ErrorKind::refused, "the image is not signed, and the key here asks for a signature");
        }
        INGOT_ASSIGN(signature, std::move(signed_by), "");
    }
    INGOT_ASSIGN(auto digest, trusted_map(trust, manifest, signature), "");
    INGOT_ASSIGN(const auto map, get(diskmap::kFileName, kMapLimit), "");
    if (crypto::sha256_hex(map) != digest) {
        return fail(ErrorKind::refused,
                    text::format("{} is not the one that {}", diskmap::kFileName,
                                 trust.public_key.empty() ? "the command line names" : "was signed"));
    }
    INGOT_ASSIGN(auto parsed, diskmap::parse(map), diskmap::kFileName);
    INGOT_ASSIGN(auto disk, beside(base, diskmap::kImageName), "");
    return Image{.map = std::move(parsed), .map_sha256 = std::move(digest), .disk = std::move(disk)};
}

} // namespace ingot::installer
