#include "builder/disk/guid.hpp"

#include "common/crypto/crypto.hpp"
#include "common/text/text.hpp"

namespace ingot::builder::disk {

Guid Guid::derive(std::string_view seed, std::string_view label) {
    const auto digest = crypto::sha256_hex(text::format("{}/{}", seed, label));
    auto guid = from_text(std::string_view(digest).substr(0, 32));
    guid.bytes[6] = static_cast<std::uint8_t>((guid.bytes[6] & 0x0FU) | 0x80U);
    guid.bytes[8] = static_cast<std::uint8_t>((guid.bytes[8] & 0x3FU) | 0x80U);
    return guid;
}

std::string Guid::to_string() const {
    std::string text;
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        if (index == 4 || index == 6 || index == 8 || index == 10) { text += '-'; }
        text += text::format("{:02x}", bytes.at(index));
    }
    return text;
}

std::array<std::uint8_t, 16> Guid::on_disk() const {
    constexpr std::array<std::size_t, 16> kOrder = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
    std::array<std::uint8_t, 16> mixed{};
    for (std::size_t index = 0; index < mixed.size(); ++index) { mixed.at(index) = bytes.at(kOrder.at(index)); }
    return mixed;
}

} // namespace ingot::builder::disk
