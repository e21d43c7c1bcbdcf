#include "common/gzip/gzip.hpp"

#include <algorithm>
#include <array>
#include <memory>

#include <zlib.h>

#include "common/text/text.hpp"

namespace ingot::gzip {

namespace {

constexpr int kGzipOnly = 16 + MAX_WBITS;
constexpr std::size_t kPiece = 64U << 10U;

Error damaged(const z_stream& stream) {
    return fail(ErrorKind::invalid_input,
                text::format("damaged gzip: {}", stream.msg == nullptr ? "it is cut off" : stream.msg));
}

/// zlib wants bytes it may change, and does not change them.
Bytef* input_of(std::string_view bytes) {
    // NOLINTNEXTLINE(cppcoreguidelines-pro-type-const-cast,cppcoreguidelines-pro-type-reinterpret-cast)
    return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes.data()));
}

Bytef* output_of(std::array<char, kPiece>& piece) {
    return reinterpret_cast<Bytef*>(piece.data()); // NOLINT(cppcoreguidelines-pro-type-reinterpret-cast)
}

} // namespace

bool is_gzip(std::string_view bytes) { return bytes.starts_with("\x1f\x8b"); }

Result<std::string> decompress(std::string_view bytes, std::size_t limit) {
    z_stream stream{};
    if (inflateInit2(&stream, kGzipOnly) != Z_OK) { return fail(ErrorKind::transient, "zlib could not start"); }
    const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, &inflateEnd);
    stream.next_in = input_of(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string content;
    std::array<char, kPiece> piece{};
    for (;;) {
        stream.next_out = output_of(piece);
        stream.avail_out = static_cast<uInt>(piece.size());
        const int code = inflate(&stream, Z_NO_FLUSH);
        content.append(piece.data(), piece.size() - stream.avail_out);
        if (content.size() > limit) {
            return fail(ErrorKind::refused,
                        text::format("this gzip grows to more than {}", text::human_bytes(limit)));
        }
        if (code == Z_STREAM_END) {
            if (stream.avail_in == 0) { return content; }
            if (inflateReset(&stream) != Z_OK) { return damaged(stream); } // another member follows
        } else if (code != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) {
            return damaged(stream);
        }
    }
}

std::string compress(std::string_view bytes) {
    z_stream stream{};
    constexpr int kMemory = 8;
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, kGzipOnly, kMemory, Z_DEFAULT_STRATEGY) != Z_OK) {
        return {};
    }
    const std::unique_ptr<z_stream, int (*)(z_stream*)> guard(&stream, &deflateEnd);
    stream.next_in = input_of(bytes);
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::string content;
    std::array<char, kPiece> piece{};
    int code = Z_OK;
    while (code == Z_OK) {
        stream.next_out = output_of(piece);
        stream.avail_out = static_cast<uInt>(piece.size());
        code = deflate(&stream, Z_FINISH);
        content.append(piece.data(), piece.size() - stream.avail_out);
    }
    return content;
}

} // namespace ingot::gzip
