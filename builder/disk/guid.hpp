// GUIDs of disks, partitions and filesystems: fixed ones by their meaning, others derived from a seed so
// that the same build gives the same bytes.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::builder::disk {

/// 16 bytes in the order in which a GUID is written as text (big endian throughout).
struct Guid {
    std::array<std::uint8_t, 16> bytes{};

    /// "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"; the text must be well-formed.
    static constexpr Guid from_text(std::string_view text) {
        Guid guid;
        std::size_t digit = 0;
        for (const char character : text) {
            if (character == '-') { continue; }
            const auto value =
                static_cast<std::uint8_t>(character <= '9' ? character - '0' : (character | 0x20) - 'a' + 10);
            guid.bytes[digit / 2] = static_cast<std::uint8_t>((guid.bytes[digit / 2] << 4U) | value);
            ++digit;
        }
        return guid;
    }
    /// A version 8 UUID (RFC 9562) of the SHA-256 of "seed/label".
    static Guid derive(std::string_view seed, std::string_view label);
    /// Lower case text, as blkid and /dev/disk/by-partuuid show it.
    [[nodiscard]] std::string to_string() const;
    /// The mixed-endian form that GPT keeps on disk (UEFI 2.10, appendix A).
    [[nodiscard]] std::array<std::uint8_t, 16> on_disk() const;

    bool operator==(const Guid&) const = default;
};

/// Partition types: UEFI 2.10 §5.3.3 and the Discoverable Partitions Specification.
inline constexpr Guid kTypeBiosBoot = Guid::from_text("21686148-6449-6E6F-744E-656564454649");
inline constexpr Guid kTypeEsp = Guid::from_text("C12A7328-F81F-11D2-BA4B-00A0C93EC93B");
inline constexpr Guid kTypeRootAmd64 = Guid::from_text("4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709");
inline constexpr Guid kTypeRootArm64 = Guid::from_text("B921B045-1DF0-41C3-AF44-4C6F280D3FAE");

} // namespace ingot::builder::disk
