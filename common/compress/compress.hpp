// Zstandard, piece by piece. tar uses libarchive's stream instead; this is for formats whose pieces must be
// independent: a frame is the same bytes whoever makes it, on however many processors.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "common/result/result.hpp"

namespace ingot::compress {

/// One frame with its content size in the header and a checksum at its end.
Result<std::string> zstd_frame(std::string_view bytes, int level);

/// The reverse, for at most `limit` bytes; invalid_input if that is not one whole frame.
Result<std::string> unzstd_frame(std::string_view frame, std::size_t limit);

/// The first frame of `bytes`: its length there, and what it makes. invalid_input if it is damaged, not whole, or
/// does not say how much it makes.
struct FrameSize {
    std::size_t compressed = 0;
    std::size_t content = 0;
};
Result<FrameSize> first_frame(std::string_view bytes);
/// Like unzstd_frame(), into memory of the caller, which has to be just as long as the content.
Status unzstd_into(std::string_view frame, std::span<char> into);

/// Like zstd_frame() for many small pieces: keeps its tables, and adds no checksum.
class ZstdCompressor {
  public:
    explicit ZstdCompressor(int level);
    ~ZstdCompressor();
    ZstdCompressor(const ZstdCompressor&) = delete;
    ZstdCompressor& operator=(const ZstdCompressor&) = delete;
    ZstdCompressor(ZstdCompressor&&) = delete;
    ZstdCompressor& operator=(ZstdCompressor&&) = delete;
    Result<std::string> compress(std::string_view bytes);

  private:
    void* context_;
};

} // namespace ingot::compress
