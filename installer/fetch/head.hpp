// The head of an HTTP answer. Pure, and fuzzed: it comes from whoever sits in the network.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::installer {

inline constexpr std::size_t kLongestHead = 16U << 10U;

struct Head {
    int status = 0;
    std::optional<std::uint64_t> length{}; ///< Content-Length
    bool chunked = false;
    bool closes = false; ///< the connection ends with this answer
    std::string location{};
    std::optional<std::uint64_t> range_first{}; ///< of Content-Range
};

/// `text` up to and without the empty line. tool_failed if it is no answer of HTTP/1.
Result<Head> parse_head(std::string_view text);

/// The size of a chunk from its line ("1a;name=value"); nothing if it is none.
std::optional<std::uint64_t> chunk_size(std::string_view line);

} // namespace ingot::installer
