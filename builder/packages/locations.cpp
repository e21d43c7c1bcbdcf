#include "builder/packages/locations.hpp"

#include <algorithm>
#include <cstdint>

#include "common/text/text.hpp"

namespace ingot::builder::packages {

namespace {

constexpr unsigned kHexBits = 4;
constexpr std::uint8_t kTen = 10;

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') { return digit - '0'; }
    if (digit >= 'a' && digit <= 'f') { return digit - 'a' + kTen; }
    if (digit >= 'A' && digit <= 'F') { return digit - 'A' + kTen; }
    return -1;
}

std::string decoded(std::string_view text) {
    std::string plain;
    for (std::size_t at = 0; at < text.size(); ++at) {
        const int high = text[at] == '%' && at + 2 < text.size() ? hex_value(text[at + 1]) : -1;
        const int low = high < 0 ? -1 : hex_value(text[at + 2]);
        if (low < 0) {
            plain += text[at];
            continue;
        }
        plain += static_cast<char>((static_cast<unsigned>(high) << kHexBits) | static_cast<unsigned>(low));
        at += 2;
    }
    return plain;
}

/// As apt encodes the paths of its URIs.
std::string encoded(std::string_view path) {
    constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/.-_";
    std::string text;
    for (const char character : path) {
        if (kPlain.find(character) != std::string_view::npos) {
            text += character;
        } else {
            text += text::format("%{:02x}", static_cast<unsigned char>(character));
        }
    }
    return text;
}

std::string folder_of(std::string_view uri) {
    while (uri.ends_with('/')) { uri.remove_suffix(1); }
    return std::string(uri) + "/";
}

} // namespace

Location location_of(std::string_view uri, const std::vector<SourceEntry>& sources) {
    Location found{.repository = {}, .file = std::string(uri)};
    std::size_t longest = 0;
    for (const auto& source : sources) {
        for (const auto& candidate : source.uris) {
            const auto folder = folder_of(candidate);
            if (source.name.empty() || folder.size() <= longest || !uri.starts_with(folder)) { continue; }
            longest = folder.size();
            found = {.repository = source.name, .file = decoded(uri.substr(folder.size()))};
        }
    }
    return found;
}

std::string uri_of(const Location& location, const std::vector<SourceEntry>& sources) {
    if (location.repository.empty()) { return location.file; }
    const auto source = std::ranges::find(sources, location.repository, &SourceEntry::name);
    if (source == sources.end() || source->uris.empty()) { return {}; }
    return folder_of(source->uris.front()) + encoded(location.file);
}

} // namespace ingot::builder::packages
