// What every fuzzer needs: its input as text, and a way to say that something must not be.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace ingot::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
    return {reinterpret_cast<const char*>(data), size};
}

inline void require(bool holds) {
    if (!holds) { std::abort(); }
}

} // namespace ingot::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
