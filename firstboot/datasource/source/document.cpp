#include "firstboot/datasource/source/document.hpp"

#include <algorithm>
#include <array>

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

std::string text_at(const document::Value& mapping, std::string_view key) {
    const auto* const value = mapping.find(key);
    const auto* const scalar = value == nullptr ? nullptr : value->scalar();
    return scalar == nullptr ? std::string() : scalar->text;
}

bool is_recognised(std::string_view decoded) {
    constexpr std::array<std::string_view, 4> kHeads{"#", "\x1f\x8b", "## template", "\xef\xbb\xbf#"};
    if (std::ranges::any_of(kHeads, [&](auto head) { return decoded.starts_with(head); })) { return true; }
    constexpr std::size_t kSearched = 4096;
    return text::lower(decoded.substr(0, kSearched)).find("mime-version:") != std::string::npos;
}

} // namespace

void add_public_keys(const document::Value& value, std::vector<std::string>& keys) {
    if (const auto* const scalar = value.scalar()) {
        for (const auto& line : text::lines(scalar->text)) {
            if (const auto key = text::trim(line); !key.empty()) { keys.emplace_back(key); }
        }
    } else if (const auto* const list = value.sequence()) {
        for (const auto& item : *list) { add_public_keys(item, keys); }
    } else if (const auto* const mapping = value.mapping()) {
        for (const auto& entry : *mapping) { add_public_keys(entry.value, keys); }
    }
}

Result<MetadataDocument> parse_metadata(std::string_view text, std::string_view what) {
    Faults faults;
    MetadataDocument result{.metadata = {}, .document = document::parse(text, what, faults)};
    if (!faults.empty()) { return faults.to_error(); }
    if (!result.document.is_null() && result.document.mapping() == nullptr) {
        return fail(ErrorKind::invalid_input, text::format("{} is not a mapping", what));
    }
    auto& metadata = result.metadata;
    metadata.instance_id = text_at(result.document, "instance-id");
    metadata.hostname = text_at(result.document, "local-hostname");
    if (metadata.hostname.empty()) { metadata.hostname = text_at(result.document, "hostname"); }
    if (const auto* const keys = result.document.find("public-keys")) {
        add_public_keys(*keys, metadata.public_keys);
    }
    return result;
}

std::string decode_user_data(std::string user_data) {
    const auto trimmed = text::trim(user_data);
    if (trimmed.empty() || trimmed.starts_with('#')) { return user_data; }
    auto decoded = crypto::base64_decode(trimmed);
    return decoded && is_recognised(*decoded) ? *std::move(decoded) : std::move(user_data);
}

} // namespace ingot::firstboot
