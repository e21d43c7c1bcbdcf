// gzip (zlib), read with a bound: what a small text may grow into is said before it is read.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::gzip {

/// True if the bytes begin as gzip does.
bool is_gzip(std::string_view bytes);

/// The content, all members of it. refused if it is larger than `limit`; invalid_input if it is damaged, cut off, or
/// followed by something else.
Result<std::string> decompress(std::string_view bytes, std::size_t limit);

/// One member, without name and time: the same input gives the same bytes.
std::string compress(std::string_view bytes);

} // namespace ingot::gzip
