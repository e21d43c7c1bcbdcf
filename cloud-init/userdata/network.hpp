// IP addresses and networks as they stand in user-data: parsed, compared, counted up.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace ingot::cloud_init {

/// An IPv4 or IPv6 address.
class Address {
  public:
    /// "10.0.0.1" or "fd00::1"; nothing for anything else (zone ids, leading zeros, host names).
    static std::optional<Address> parse(std::string_view text);
    [[nodiscard]] std::string to_string() const;
    [[nodiscard]] bool is_v6() const { return v6_; }
    /// The address `count` further on, wrapping at the end.
    [[nodiscard]] Address plus(std::uint32_t count) const;
    bool operator==(const Address&) const = default;

  private:
    friend class Network;
    bool v6_ = false;
    std::array<std::uint8_t, 16> bytes_{}; ///< v4 uses the first four
};

/// An address block: "10.0.0.0/24".
class Network {
  public:
    /// Nothing unless the text is an address, a slash and a prefix length. Bits behind the prefix are allowed
    /// here; first() tells them apart.
    static std::optional<Network> parse(std::string_view text);
    [[nodiscard]] bool contains(const Address& address) const;
    /// The network's own address, all host bits zero.
    [[nodiscard]] Address first() const;
    [[nodiscard]] Address last() const;
    [[nodiscard]] int prefix() const { return prefix_; }
    /// The address as written, which is first() in a canonical text.
    [[nodiscard]] const Address& written() const { return address_; }
    [[nodiscard]] std::string to_string() const; ///< canonical

  private:
    Address address_{};
    int prefix_ = 0;
};

} // namespace ingot::cloud_init
