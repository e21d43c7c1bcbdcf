#include "firstboot/datasource/datasource.hpp"

#include <algorithm>
#include <array>

#include "common/crypto/crypto.hpp"
#include "common/document/document.hpp"
#include "common/text/text.hpp"

namespace ingot::firstboot {

namespace {

std::string text_at(const document::Value& mapping, std::string_view key) {
    const auto* const value = mapping.find(key);
    const auto* const scalar = value == nullptr ? nullptr : value->scalar();
    return scalar == nullptr ? std::string() : scalar->text;
}

void add_keys(const document::Value& value, std::vector<std::string>& keys) {
    if (const auto* const scalar = value.scalar()) {
        for (const auto& line : text::lines(scalar->text)) {
            if (const auto key = text::trim(line); !key.empty()) { keys.emplace_back(key); }
        }
    } else if (const auto* const list = value.sequence()) {
        for (const auto& item : *list) { add_keys(item, keys); }
    } else if (const auto* const mapping = value.mapping()) {
        for (const auto& entry : *mapping) { add_keys(entry.value, keys); }
    }
}

Result<Metadata> parse_metadata(std::string_view text, std::string_view what) {
    Faults faults;
    const auto document = document::parse(text, what, faults);
    if (!faults.empty()) { return faults.to_error(); }
    if (!document.is_null() && document.mapping() == nullptr) {
        return fail(ErrorKind::invalid_input, text::format("{} is not a mapping", what));
    }
    Metadata metadata{.instance_id = text_at(document, "instance-id"),
                      .hostname = text_at(document, "local-hostname")};
    if (metadata.hostname.empty()) { metadata.hostname = text_at(document, "hostname"); }
    if (const auto* const keys = document.find("public-keys")) { add_keys(*keys, metadata.public_keys); }
    return metadata;
}

} // namespace

std::string decode_user_data(std::string user_data) {
    const auto trimmed = text::trim(user_data);
    if (trimmed.empty() || trimmed.starts_with('#')) { return user_data; }
    const auto decoded = crypto::base64_decode(trimmed);
    // "test" is base64, too: only what is recognisable afterwards was meant as such.
    constexpr std::array<std::string_view, 4> kHeaders{"#cloud-config", "#!", "Content-Type:", "MIME-Version:"};
    if (decoded && std::ranges::any_of(kHeaders, [&decoded](auto head) { return decoded->starts_with(head); })) {
        return *decoded;
    }
    return user_data;
}

Result<Metadata> parse_nocloud(std::string_view meta_data, std::string user_data) {
    INGOT_ASSIGN(auto metadata, parse_metadata(meta_data, "meta-data"), "reading the NoCloud seed");
    metadata.datasource = "nocloud";
    if (metadata.instance_id.empty()) { metadata.instance_id = "nocloud"; } // cloud-init's default
    metadata.user_data = decode_user_data(std::move(user_data));
    return metadata;
}

Result<Metadata> parse_hetzner(std::string_view metadata_text, std::string user_data) {
    INGOT_ASSIGN(auto metadata, parse_metadata(metadata_text, "metadata"), "reading Hetzner's metadata");
    if (metadata.instance_id.empty()) { return fail(ErrorKind::transient, "Hetzner's metadata has no instance-id"); }
    metadata.datasource = "hetzner";
    metadata.user_data = decode_user_data(std::move(user_data));
    return metadata;
}

} // namespace ingot::firstboot
