// Little-endian numbers in byte strings, as disk structures keep them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace ingot::builder::disk {

/// Puts the `size` low bytes of `value` at `offset`, lowest first. The place must exist.
inline void put_number(std::string& bytes, std::size_t offset, std::uint64_t value, std::size_t size) {
    for (std::size_t index = 0; index < size; ++index) {
        bytes.at(offset + index) = static_cast<char>(value & 0xFFU);
        value >>= 8U;
    }
}

/// The number in the `size` bytes at `offset`, lowest first. They must exist.
inline std::uint64_t get_number(std::string_view bytes, std::size_t offset, std::size_t size) {
    std::uint64_t value = 0;
    for (std::size_t index = size; index > 0; --index) {
        value = (value << 8U) | static_cast<std::uint8_t>(bytes.at(offset + index - 1));
    }
    return value;
}

/// Puts raw bytes at `offset`. The place must exist.
inline void put_bytes(std::string& bytes, std::size_t offset, std::string_view value) {
    bytes.replace(offset, value.size(), value);
}

} // namespace ingot::builder::disk
