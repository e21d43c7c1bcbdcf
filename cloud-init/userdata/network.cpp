#include "cloud-init/userdata/network.hpp"

#include <arpa/inet.h>

#include "common/text/text.hpp"

namespace ingot::cloud_init {

std::optional<Address> Address::parse(std::string_view text) {
    Address address;
    const std::string terminated(text);
    if (terminated.size() != text.size() || text.find('\0') != std::string_view::npos) { return std::nullopt; }
    if (::inet_pton(AF_INET, terminated.c_str(), address.bytes_.data()) == 1) { return address; }
    address.v6_ = true;
    if (::inet_pton(AF_INET6, terminated.c_str(), address.bytes_.data()) == 1) { return address; }
    return std::nullopt;
}

std::string Address::to_string() const {
    std::array<char, INET6_ADDRSTRLEN> buffer{};
    const char* text = ::inet_ntop(v6_ ? AF_INET6 : AF_INET, bytes_.data(), buffer.data(), buffer.size());
    return text == nullptr ? "" : text;
}

Address Address::plus(std::uint32_t count) const {
    Address result = *this;
    std::uint32_t carry = count;
    for (std::size_t index = v6_ ? 16 : 4; index-- > 0 && carry > 0;) {
        const std::uint64_t sum = std::uint64_t{result.bytes_.at(index)} + (carry & 0xFFU);
        result.bytes_.at(index) = static_cast<std::uint8_t>(sum & 0xFFU);
        carry = (carry >> 8U) + static_cast<std::uint32_t>(sum >> 8U);
    }
    return result;
}

std::optional<Network> Network::parse(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) { return std::nullopt; }
    const auto length = text.substr(slash + 1);
    const auto address = Address::parse(text.substr(0, slash));
    const auto prefix = text::to_number(length);
    const bool odd = length.starts_with('-') || (length.size() > 1 && length.starts_with('0'));
    if (!address || !prefix || odd || *prefix > (address->is_v6() ? 128 : 32)) { return std::nullopt; }
    Network network;
    network.address_ = *address;
    network.prefix_ = static_cast<int>(*prefix);
    return network;
}

namespace {

/// The mask of byte `index` for a prefix.
std::uint8_t mask_of(int prefix, std::size_t index) {
    const int bits = prefix - static_cast<int>(index) * 8;
    if (bits >= 8) { return 0xFF; }
    if (bits <= 0) { return 0; }
    return static_cast<std::uint8_t>(0xFFU << (8U - static_cast<unsigned>(bits)));
}

} // namespace

Address Network::first() const {
    Address result = address_;
    for (std::size_t index = 0; index < (result.v6_ ? 16U : 4U); ++index) {
        result.bytes_.at(index) = static_cast<std::uint8_t>(result.bytes_.at(index) & mask_of(prefix_, index));
    }
    return result;
}

Address Network::last() const {
    Address result = first();
    for (std::size_t index = 0; index < (result.v6_ ? 16U : 4U); ++index) {
        const auto host = static_cast<std::uint8_t>(~static_cast<unsigned>(mask_of(prefix_, index)) & 0xFFU);
        result.bytes_.at(index) = static_cast<std::uint8_t>(result.bytes_.at(index) | host);
    }
    return result;
}

bool Network::contains(const Address& address) const {
    if (address.v6_ != address_.v6_) { return false; }
    for (std::size_t index = 0; index < (address.v6_ ? 16U : 4U); ++index) {
        const unsigned difference = static_cast<unsigned>(address.bytes_.at(index)) ^ address_.bytes_.at(index);
        if ((difference & mask_of(prefix_, index)) != 0) { return false; }
    }
    return true;
}

std::string Network::to_string() const { return text::format("{}/{}", first().to_string(), prefix_); }

} // namespace ingot::cloud_init
